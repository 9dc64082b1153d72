// The perplexity of a text under a model, window by window, and beside it what the same windows cost when the
// rows at a cut pass through a codec. All points share the layers below their cuts and the whole model's
// pass, which is their baseline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "codec/row_codec.h"
#include "codec/row_importance.h"
#include "decode/stage_chain.h"
#include "lab/perplexity_windows.h"

namespace tandem {

// Where the importance of a window's rows comes from.
struct PointImportance {
  ImportanceSpec spec;
  int layer = 0;                      // whose attention counts; of the model, from 0; unused by random
  std::vector<float> head_relevance;  // of weighted importance: one a head of that layer
};

// What is tried at one cut: a window's rows are one message there.
struct CutPoint {
  size_t cut = 0;  // of the chain's
  RowCodec codec;
  std::optional<PointImportance> importance{};  // for mix (needs it) and water
  float plant = 1.0f;  // the window's first row is multiplied by it before coding: a sink, planted
};

// Sums over the windows that are done. Perplexity is exp(nll / votes).
struct PointSums {
  double nll = 0;              // weighed losses, in nats
  uint64_t rows = 0;           // that passed the cut
  uint64_t bytes = 0;          // of their messages
  uint64_t one_row_bytes = 0;  // of each window's last row as a message of its own, as a decode step sends
  friend bool operator==(const PointSums&, const PointSums&) = default;
};
struct PerplexitySums {
  uint64_t windows = 0;
  uint64_t rows = 0;  // of the windows
  double votes = 0;
  double nll = 0;  // of the whole model
  std::vector<PointSums> points{};
  friend bool operator==(const PerplexitySums&, const PerplexitySums&) = default;
};
double Perplexity(double nll, double votes);  // exp(nll / votes); NaN without votes

struct EvaluatedText {
  std::vector<Token> tokens;
  std::vector<TextWindow> windows;  // of these tokens
  std::optional<Token>
      first_token;  // stands in for every window's first, as llama.cpp's chunks begin with BOS
};

class PerplexityRun {
 public:
  // Points name cuts of `chain`; `threads` share the losses of a step's rows. `done`: sums of a run of the
  // same text, chain and points to go on from. kUsage when they cannot be such sums, or a point's codec has
  // another width than the chain, or it names a cut or a layer that there is not.
  static Result<PerplexityRun> Make(std::unique_ptr<StageChain> chain, EvaluatedText text,
                                    std::vector<CutPoint> points, int threads, PerplexitySums done = {});

  bool Done() const { return sums_.windows == text_.windows.size(); }
  size_t windows() const { return text_.windows.size(); }
  const PerplexitySums& sums() const { return sums_; }
  const StageChain& chain() const { return *chain_; }

  // Of the window that Next scored last: its rows at a cut, and what its heads looked at in the layers that
  // the points need and those of `Watch`.
  std::span<const float> RowsAt(size_t cut) const { return at_cuts_[cut]; }
  const AttentionProbe& attention() const { return attention_; }
  // From the next window on, all layers are probed.
  void WatchAllLayers();

  // The next window, whole or not at all. Not when Done. kModel for logits that are not finite and for rows
  // that a codec cannot hold, with the window's number; else as StageChain::Run.
  Status Next();

 private:
  PerplexityRun() = default;
  Result<double> Losses(const TextWindow& window,
                        const std::function<Status(const StageChain::LogitsSink&)>& run);
  Result<std::vector<float>> ImportanceOf(const PointImportance& importance, int rows) const;
  Result<Bytes> Encode(const CutPoint& point, const RowsView& rows) const;
  Result<PointSums> Score(const CutPoint& point, const TextWindow& window);

  std::unique_ptr<StageChain> chain_;
  EvaluatedText text_;
  std::vector<CutPoint> points_;
  int threads_ = 1;
  PerplexitySums sums_;
  std::vector<Token> ids_;                   // of the window at hand
  std::vector<std::vector<float>> at_cuts_;  // its rows
  std::vector<int> probed_;                  // layers, ascending
  AttentionProbe attention_;
};

// Rows of windows [0, windows) of the text at every cut of the chain, for calibration: all rows of each,
// above the last layer too.
Result<std::vector<std::vector<float>>> SampleRows(StageChain& chain, const EvaluatedText& text,
                                                   size_t windows);

}  // namespace tandem
