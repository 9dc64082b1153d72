// The two ways of scoring a chunk of text that the bench compares: ours, and llama-perplexity's.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "base/types.h"
#include "cli/bench_decoder.h"

namespace tandem {

// One thread at a time.
class ChunkScorer {
 public:
  virtual ~ChunkScorer() = default;

  // The sum of the losses of a chunk's last n - n/2 - 1 tokens, in nats, in an empty context. A chunk has 3
  // to settings.context ids.
  virtual Result<double> Score(std::span<const Token> chunk) = 0;
};

// Loads the model. libllama's side takes a chunk as one batch (or batches of 512) and its softmax as
// llama-perplexity does: single-precision exponentials, a sum in double, rows shared by the threads.
Result<std::unique_ptr<ChunkScorer>> OpenChunkScorer(BenchSide side, const BenchSettings& settings);

}  // namespace tandem
