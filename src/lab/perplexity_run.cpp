// See perplexity_run.h.
#include "lab/perplexity_run.h"

#include <algorithm>
#include <cmath>

#include "lab/token_loss.h"

namespace tandem {

namespace {

std::vector<Token> IdsOf(const EvaluatedText& text, const TextWindow& window) {
  const auto first = text.tokens.begin() + static_cast<ptrdiff_t>(window.begin);
  std::vector<Token> ids(first, first + window.length);
  if (text.first_token) ids[0] = *text.first_token;
  return ids;
}

// The rows that predict the window's scored tokens, and its last row, which predicts none of the window: a
// window goes in whole, for its length is a multiple of the wide kernels' block.
int WantedRows(const TextWindow& window) {
  return window.scored + 1;
}

Status CheckPoints(const StageChain& chain, const std::vector<CutPoint>& points, const PerplexitySums& done,
                   size_t windows) {
  for (const CutPoint& point : points) {
    if (point.cut >= chain.cuts())
      return Fail(ErrorCode::kUsage, "a codec at cut {} of {}", point.cut, chain.cuts());
    if (point.codec.width() != static_cast<size_t>(chain.shape().width))
      return Fail(ErrorCode::kUsage, "a codec for rows of {} values, but the model's have {}",
                  point.codec.width(), chain.shape().width);
  }
  if (done.windows > windows || (done.windows > 0 && done.points.size() != points.size()))
    return Fail(ErrorCode::kUsage, "sums of {} windows and {} points for a run of {} and {}", done.windows,
                done.points.size(), windows, points.size());
  return {};
}

}  // namespace

double Perplexity(double nll, double votes) {
  return std::exp(nll / votes);
}

Result<PerplexityRun> PerplexityRun::Make(std::unique_ptr<StageChain> chain, EvaluatedText text,
                                          std::vector<CutPoint> points, int threads, PerplexitySums done) {
  if (Status s = CheckPoints(*chain, points, done, text.windows.size()); !s) return Forward(s);
  PerplexityRun run;
  run.chain_ = std::move(chain);
  run.text_ = std::move(text);
  run.points_ = std::move(points);
  run.threads_ = threads;
  run.sums_ = std::move(done);
  run.sums_.points.resize(run.points_.size());
  return run;
}

Result<double> PerplexityRun::Losses(const TextWindow& window,
                                     const std::function<Status(const StageChain::LogitsSink&)>& run) {
  const std::span<const Token> targets =
      std::span<const Token>(ids_).last(static_cast<size_t>(window.scored));
  double nll = 0;
  const Status status = run([&](int first, const LogitsView& logits) -> Status {
    const int rows = std::min(logits.rows(), window.scored - first);  // without the window's last row
    const auto row = [&](size_t i) { return logits[static_cast<int>(i)]; };
    if (rows > 0)
      nll +=
          SumOfLosses(row, targets.subspan(static_cast<size_t>(first), static_cast<size_t>(rows)), threads_);
    return {};
  });
  if (!status) return Forward(status);
  if (!std::isfinite(nll))
    return Fail(ErrorCode::kModel, "window {} has logits that are not finite", sums_.windows);
  return nll;
}

Result<PointSums> PerplexityRun::Score(const CutPoint& point, const TextWindow& window) {
  const int wanted = WantedRows(window), rows = chain_->RowsAtCut(point.cut, window.length, wanted);
  const RowsView clean{at_cuts_[point.cut], point.codec.width()};
  const auto message = point.codec.Encode(clean, window.length - rows);
  if (!message) return Fail(message.error().code, "window {}: {}", sums_.windows, message.error().message);
  const auto decoded = point.codec.Decode(*message, static_cast<size_t>(rows));
  if (!decoded) return Forward(decoded);
  const auto nll = Losses(window, [&](const StageChain::LogitsSink& sink) {
    return chain_->RunFrom(point.cut, *decoded, window.length, wanted, sink);
  });
  if (!nll) return Forward(nll);
  return PointSums{WeighedLoss(window, *nll), static_cast<uint64_t>(rows), message->size()};
}

Status PerplexityRun::Next() {
  const TextWindow& window = text_.windows[sums_.windows];
  ids_ = IdsOf(text_, window);
  const auto whole = Losses(window, [&](const StageChain::LogitsSink& sink) {
    return chain_->Run(ids_, WantedRows(window), sink, &at_cuts_);
  });
  if (!whole) return Forward(whole);
  std::vector<PointSums> added;
  for (const CutPoint& point : points_) {
    const auto score = Score(point, window);
    if (!score) return Forward(score);
    added.push_back(*score);
  }
  for (size_t i = 0; i < added.size(); ++i) {
    sums_.points[i].nll += added[i].nll;
    sums_.points[i].rows += added[i].rows;
    sums_.points[i].bytes += added[i].bytes;
  }
  sums_.nll += WeighedLoss(window, *whole);
  sums_.votes += window.votes;
  sums_.rows += static_cast<uint64_t>(window.length);
  ++sums_.windows;
  return {};
}

Result<std::vector<std::vector<float>>> SampleRows(StageChain& chain, const EvaluatedText& text,
                                                   size_t windows) {
  std::vector<std::vector<float>> sample(chain.cuts()), at_cuts;
  const auto drop = [](int, const LogitsView&) { return Status{}; };
  for (size_t i = 0; i < std::min(windows, text.windows.size()); ++i) {
    const TextWindow& window = text.windows[i];
    if (Status s = chain.Run(IdsOf(text, window), window.length, drop, &at_cuts); !s) return Forward(s);
    for (size_t cut = 0; cut < sample.size(); ++cut)
      sample[cut].insert(sample[cut].end(), at_cuts[cut].begin(), at_cuts[cut].end());
  }
  return sample;
}

}  // namespace tandem
