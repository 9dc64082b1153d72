// The edge's part of a cut model, loaded: its first layers, the codec of the rows that leave them, and what
// the cloud has to know of both.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "decode/load_engine.h"
#include "edge/split_front.h"
#include "wire/frame.h"

namespace tandem {

struct EdgeSplit {
  std::unique_ptr<Engine> engine;  // embedding and layers [0, cut.begin)
  std::unique_ptr<SplitFront> front;
  ModelCut cut;
};

// path: the whole model, or a part that has the embedding and layers [0, begin). codec: a name
// (codec/row_codec_spec.h). kUsage for a cut behind the last layer and a codec that does not exist or does
// not fit the model's width; else errors as Model::Load, GgmlEngine::Create and IdentityOf.
Result<EdgeSplit> LoadEdgeSplit(const std::string& path, int begin, const std::string& codec,
                                const LoadEngineOptions& options);

}  // namespace tandem
