// Messages through zstd: one byte says how the rest is stored, so that what does not shrink costs one byte
// more and no time to decode. Messages below 1 KiB are stored untried. Byte 0: 0 for stored as it is, 1 for
// one zstd frame with its content size.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

// kResource when libzstd fails.
Result<Bytes> Wrap(ByteView message);

// Any bytes. kProtocol for an unknown first byte, a frame that is broken, has something behind it or does not
// name its size, and for more than `most` bytes of content: no frame makes more than `most` bytes be
// allocated, and its window is bounded by its content.
Result<Bytes> Unwrap(ByteView wrapped, size_t most);

}  // namespace tandem
