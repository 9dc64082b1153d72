// What a row codec takes on this machine, in one thread: rows to a message and back.
#pragma once

#include "base/result.h"
#include "codec/row_codec.h"
#include "edge/split_times.h"

namespace tandem {

// Times are medians of some rounds; bytes are those of made-up rows, which a model's differ from where zstd
// packs them. A codec whose rows compete is given made-up importances. Errors as RowCodec's.
Result<RowsCost> MeasureRowsCost(const RowCodec& codec);

}  // namespace tandem
