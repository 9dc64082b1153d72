// Which rows of a prompt matter while it is on its way: a chunk's rows go to the cloud as soon as they are
// computed, so they are judged by the queries of the chunk itself, by what each looks at among the rows of
// the chunk. A row of 64 is worth what the 64 saw in it; later chunks have no say, and earlier ones could not
// see it. A function of the ids and of where chunks begin and end.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/row_importance.h"
#include "decode/attention_probe.h"
#include "decode/engine.h"

namespace tandem {

// One thread at a time.
class ChunkImportance {
 public:
  // layers: how many of the model's the engine has, from 0 on; the last is the layer at the cut. At least one
  // where the method reads attention. head_relevance: of that layer, for kWeighted.
  ChunkImportance(const ImportanceSpec& spec, int layers, std::vector<float> head_relevance = {});

  RowChoice choice() const { return spec_.choice; }
  Pos end() const { return end_; }  // of the chunks so far

  void Begin();  // a text anew: nothing of it is computed
  // Computes the chunk that goes on at end(). Errors as Engine::Step and StepProbed; then nothing has
  // changed.
  Result<LogitsView> Step(Engine& engine, const SeqRows& chunk);
  // Of the rows of the last chunk, in order; as RowImportance says, but that they sum to what the chunk's
  // queries left for the chunk's rows. Errors as RowImportance.
  Result<std::vector<float>> OfChunk() const;

 private:
  ImportanceSpec spec_;
  std::vector<int> probed_;  // layers, ascending
  std::vector<float> head_relevance_;
  AttentionProbe probe_;
  Pos begin_ = 0, end_ = 0;  // of the last chunk
};

}  // namespace tandem
