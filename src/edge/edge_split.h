// The edge's part of a cut model, loaded: its first layers and, where the head is here, the last ones, the
// codecs of the rows between them and the cloud, and what that has to know of all this.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "decode/load_engine.h"
#include "decode/prefill.h"
#include "edge/split_back.h"
#include "edge/split_front.h"
#include "wire/frame.h"

namespace tandem {

// Which layers are the cloud's, and how rows cross the link.
struct SplitPlan {
  int begin = 0;
  std::optional<int> end{};  // nullopt: all behind `begin`, and the head; else the edge has what lies behind
  std::string codec;         // of rows to the cloud: a name (codec/row_codec_spec.h)
  std::string codec_back{};  // of rows from it, where they come back
  // Positions of a prompt that are computed here before their rows leave, a multiple of kBulkRows: more keep
  // link and cloud waiting, which is for benches alone to want.
  int chunk = kBulkRows;
  // What tells which rows of a prompt matter, where the codec of those that go has rows compete: a name
  // (codec/row_importance.h). Empty: regular_importance for a mix, for water the rows' variance alone.
  std::string importance{};
};

struct EdgeSplit {
  std::unique_ptr<Engine> engine;  // embedding and layers [0, cut.begin)
  std::unique_ptr<SplitFront> front;
  std::unique_ptr<Engine> back_engine;  // layers [cut.end, n) and the head, where they are here; else null
  std::unique_ptr<SplitBack> back;      // likewise
  ModelCut cut;
};

// Whether LoadEdgeSplit could be asked for this, as far as can be told without loading: its errors, of
// kUsage.
Status CheckEdgeSplit(const std::string& path, const SplitPlan& plan);

// path: the whole model, or a part that has the embedding and layers [0, begin), and those behind `end`.
// kUsage for layers that the model has not, for an end that leaves no layer to one of the two, for a
// codec that does not exist, does not fit the model's width or needs a calibration that the file has not at
// that cut, and for an importance that the codec or the layers here have no use for; else errors as
// Model::Load, GgmlEngine::Create and IdentityOf.
Result<EdgeSplit> LoadEdgeSplit(const std::string& path, const SplitPlan& plan,
                                const LoadEngineOptions& options);

}  // namespace tandem
