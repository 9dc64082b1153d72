// See perplexity_run.h.
#include "lab/perplexity_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "codec/row_messages.h"
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
    if (point.importance && point.importance->spec.NeedsAttention() &&
        (point.importance->layer < 0 || point.importance->layer >= chain.shape().layers))
      return Fail(ErrorCode::kUsage, "importance by layer {} of {}", point.importance->layer,
                  chain.shape().layers);
  }
  if (done.windows > windows || (done.windows > 0 && done.points.size() != points.size()))
    return Fail(ErrorCode::kUsage, "sums of {} windows and {} points for a run of {} and {}", done.windows,
                done.points.size(), windows, points.size());
  return {};
}

// Layers whose attention the points ask for.
std::vector<int> LayersOf(const std::vector<CutPoint>& points) {
  std::set<int> layers;
  for (const CutPoint& point : points) {
    if (!point.importance || !point.importance->spec.NeedsAttention()) continue;
    const int last = point.importance->layer;
    for (int layer = point.importance->spec.NeedsLowerLayers() ? 0 : last; layer <= last; ++layer)
      layers.insert(layer);
  }
  return {layers.begin(), layers.end()};
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
  run.probed_ = LayersOf(run.points_);
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

void PerplexityRun::WatchAllLayers() {
  probed_.resize(static_cast<size_t>(chain_->shape().layers));
  std::iota(probed_.begin(), probed_.end(), 0);
}

Result<std::vector<float>> PerplexityRun::ImportanceOf(const PointImportance& importance, int rows) const {
  std::vector<LayerAttention> layers;
  for (const LayerProbe& probe : attention_.layers) {
    const bool counts = importance.spec.NeedsLowerLayers() ? probe.layer <= importance.layer
                                                           : probe.layer == importance.layer;
    if (counts) layers.push_back({probe.layer, probe.column_sums, probe.last_row});
  }
  return RowImportance(importance.spec, {layers, ids_.size(), importance.head_relevance, sums_.windows})
      .map([rows](std::vector<float> all) {
        all.erase(all.begin(), all.end() - rows);  // above the last layer only wanted rows pass
        return all;
      });
}

// The last rows of the window as one message.
Result<Bytes> PerplexityRun::Encode(const CutPoint& point, const RowsView& rows) const {
  const auto count = static_cast<int>(rows.rows()), length = static_cast<int>(ids_.size());
  if (!point.importance) return point.codec.Encode(rows, length - count);
  const auto importance = ImportanceOf(*point.importance, count);
  if (!importance) return Forward(importance);
  return EncodeChosen(point.codec, point.importance->spec.choice, rows, length - count, *importance);
}

Result<PointSums> PerplexityRun::Score(const CutPoint& point, const TextWindow& window) {
  const int wanted = WantedRows(window), rows = chain_->RowsAtCut(point.cut, window.length, wanted);
  std::vector<float> planted;
  RowsView clean{at_cuts_[point.cut], point.codec.width()};
  if (point.plant != 1.0f && rows == window.length) {
    planted.assign(clean.values.begin(), clean.values.end());
    for (size_t i = 0; i < clean.width; ++i) planted[i] *= point.plant;
    clean.values = planted;
  }
  const auto message = Encode(point, clean);
  if (!message) return Fail(message.error().code, "window {}: {}", sums_.windows, message.error().message);
  const auto alone = Encode(point, {clean.values.last(clean.width), clean.width});
  if (!alone) return Fail(alone.error().code, "window {}: {}", sums_.windows, alone.error().message);
  const auto decoded = point.codec.Decode(*message, static_cast<size_t>(rows));
  if (!decoded) return Forward(decoded);
  const auto nll = Losses(window, [&](const StageChain::LogitsSink& sink) {
    return chain_->RunFrom(point.cut, *decoded, window.length, wanted, sink);
  });
  if (!nll) return Forward(nll);
  return PointSums{WeighedLoss(window, *nll), static_cast<uint64_t>(rows), message->size(), alone->size()};
}

Status PerplexityRun::Next() {
  const TextWindow& window = text_.windows[sums_.windows];
  ids_ = IdsOf(text_, window);
  attention_ = AttentionProbe(probed_);
  const auto whole = Losses(window, [&](const StageChain::LogitsSink& sink) {
    return chain_->Run(ids_, WantedRows(window), sink, &at_cuts_, probed_.empty() ? nullptr : &attention_);
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
    sums_.points[i].one_row_bytes += added[i].one_row_bytes;
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
