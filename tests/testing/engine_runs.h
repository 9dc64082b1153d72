// A model in our engine and in libllama, run row by row or in blocks, and how far two sets of logits differ.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/llama_peer.h"
#include "decode/ggml_engine.h"

namespace tandem::testing {

// Logits of one or more rows, one after the other.
using Rows = std::vector<float>;

// Deterministic ids in [0, vocab), no two runs of them alike.
std::vector<Token> SomeTokens(int n, int vocab, int seed = 1);

// All of these throw std::runtime_error with the sentence when a step fails.
class EngineRun {
 public:
  EngineRun(const std::string& path, const GgmlEngineOptions& options);
  EngineRun(std::shared_ptr<const Model> model, const GgmlEngineOptions& options);

  const EngineInfo& info() const { return engine_->info(); }
  const Model& model() const { return *model_; }
  GgmlEngine& engine() { return *engine_; }
  SeqId seq() const { return seq_; }  // the first sequence, open from the begin

  // Appends to the first sequence and returns the logits of all these rows (of `logits` of the last ones).
  Rows Append(std::span<const Token> tokens, bool bulk = false);
  Rows Append(std::span<const Token> tokens, bool bulk, int logits);
  void Truncate(Pos length);

 private:
  std::shared_ptr<const Model> model_;
  std::unique_ptr<GgmlEngine> engine_;
  SeqId seq_ = 0;
};

class PeerRun {
 public:
  PeerRun(const std::string& path, const LlamaPeerOptions& options);

  // Logits as EngineRun gives them: without the padding ids beyond `vocab`.
  Rows Append(std::span<const Token> tokens, int vocab);
  // Logits of `token` alone, computed in a batch of `rows` rows whose others are thrown away: products see
  // that many.
  Rows AppendInBatchOf(int rows, Token token, int vocab);
  void Truncate(Pos length) { peer_->Truncate(length); }

 private:
  std::unique_ptr<LlamaPeer> peer_;
};

struct Difference {
  size_t values = 0;  // that are not the same bits
  size_t of = 0;
  double largest = 0;  // absolute
  std::string Text() const;
};
Difference Compare(const Rows& a, const Rows& b);  // sizes must be equal, or everything differs

}  // namespace tandem::testing

// Bit for bit.
#define EXPECT_SAME_LOGITS(a, b)                                                       \
  do {                                                                                 \
    const ::tandem::testing::Difference difference = ::tandem::testing::Compare(a, b); \
    EXPECT_EQ(difference.values, 0u) << difference.Text();                             \
  } while (false)
