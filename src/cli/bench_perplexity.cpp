// See bench_perplexity.h.
#include "cli/bench_perplexity.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "cli/llama_peer.h"
#include "decode/stage_chain.h"
#include "lab/token_loss.h"

namespace tandem {

namespace {

constexpr int kMaxRows = 512;  // of one step, on both sides

// Of a chunk of n tokens: the rows before the first scored token's predict nothing.
size_t FirstRow(std::span<const Token> chunk) {
  return chunk.size() / 2;
}
std::span<const Token> Targets(std::span<const Token> chunk) {
  return chunk.subspan(FirstRow(chunk) + 1);
}

class TandemScorer final : public ChunkScorer {
 public:
  TandemScorer(std::unique_ptr<StageChain> chain, int threads)
      : chain_(std::move(chain)), threads_(threads) {}

  Result<double> Score(std::span<const Token> chunk) override {
    const auto targets = Targets(chunk);
    double nll = 0;
    const auto sink = [&](int first, const LogitsView& logits) -> Status {
      const auto begin = static_cast<size_t>(first);
      const size_t rows = std::min(static_cast<size_t>(logits.rows()), targets.size() - begin);
      const auto row = [&](size_t i) { return logits[static_cast<int>(i)]; };
      nll += SumOfLosses(row, targets.subspan(begin, rows), threads_);
      return {};
    };
    const int wanted = static_cast<int>(chunk.size() - FirstRow(chunk));
    if (Status s = chain_->Run(chunk, wanted, sink); !s) return Forward(s);
    return nll;
  }

 private:
  std::unique_ptr<StageChain> chain_;
  int threads_;
};

class LlamaScorer final : public ChunkScorer {
 public:
  LlamaScorer(std::unique_ptr<LlamaPeer> peer, int threads) : peer_(std::move(peer)), threads_(threads) {}

  Result<double> Score(std::span<const Token> chunk) override {
    peer_->Truncate(0);
    const auto targets = Targets(chunk);
    double nll = 0;
    for (size_t at = 0; at < chunk.size(); at += kMaxRows) {
      const size_t n = std::min<size_t>(kMaxRows, chunk.size() - at), end = at + n;
      const size_t from = std::max(at, FirstRow(chunk));  // of the rows that predict
      const auto logits = peer_->Append(chunk.subspan(at, n), static_cast<int>(end > from ? end - from : 0));
      if (!logits) return Forward(logits);
      const size_t last = std::min(end, chunk.size() - 1);
      if (last > from) nll += Losses(*logits, targets.subspan(from - FirstRow(chunk), last - from));
    }
    return nll;
  }

 private:
  double Losses(std::span<const float> logits, std::span<const Token> targets) const {
    std::vector<double> losses(targets.size());
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t i = next++; i < losses.size(); i = next++) losses[i] = Loss(logits, i, targets[i]);
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < threads_; ++i) others.emplace_back(work);
    work();
    others.clear();
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum;
  }

  double Loss(std::span<const float> logits, size_t row, Token target) const {
    const auto width = static_cast<size_t>(peer_->vocab_rows());
    const auto values = logits.subspan(row * width, width);
    const float top = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float v : values) sum += std::exp(v - top);
    return std::log(sum) - static_cast<double>(values[static_cast<size_t>(target)] - top);
  }

  std::unique_ptr<LlamaPeer> peer_;
  int threads_;
};

}  // namespace

Result<std::unique_ptr<ChunkScorer>> OpenChunkScorer(BenchSide side, const BenchSettings& settings) {
  if (side == BenchSide::kTandem) {
    auto chain = StageChain::Load(settings.model, {}, {settings.context, settings.threads, "cpu"});
    if (!chain) return Forward(chain);
    return std::make_unique<TandemScorer>(std::move(*chain), settings.threads);
  }
  auto peer = LlamaPeer::Load(settings.model, {settings.context, settings.threads, kMaxRows, true});
  if (!peer) return Forward(peer);
  return std::make_unique<LlamaScorer>(std::move(*peer), settings.threads);
}

}  // namespace tandem
