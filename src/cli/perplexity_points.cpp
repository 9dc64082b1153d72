// See perplexity_points.h.
#include "cli/perplexity_points.h"

#include <algorithm>
#include <map>

#include "cli/output.h"
#include "lab/head_relevance.h"

namespace tandem {

namespace {

constexpr size_t kCalibrationWindows = 1;

bool WantsCalibration(const RowCodecSpec& spec) {
  return spec.span == ScaleSpan::kChannel || spec.sinks == SinkRule::kThreshold;
}

class Maker {
 public:
  Maker(const std::vector<PointName>& names, StageChain& chain, const EvaluatedText& text,
        const std::string& path, int threads)
      : cuts_(CutsOf(names)), chain_(chain), text_(text), path_(path), threads_(threads) {}

  Result<CutPoint> Make(const PointName& name) {
    const auto spec = ParseRowCodec(name.codec);
    if (!spec) return Forward(spec);
    const auto cut = static_cast<size_t>(std::find(cuts_.begin(), cuts_.end(), name.split) - cuts_.begin());
    RowCalibration calibration;
    if (WantsCalibration(*spec)) {
      auto measured = CalibrationOf(*spec, cut, static_cast<float>(name.plant));
      if (!measured) return Forward(measured);
      calibration = std::move(*measured);
    }
    auto codec = RowCodec::Make(*spec, Width(), calibration);
    if (!codec) return Forward(codec);
    CutPoint point{cut, std::move(*codec), std::nullopt, static_cast<float>(name.plant)};
    if (name.importance.empty()) return point;
    auto importance = ImportanceOf(name);
    if (!importance) return Forward(importance);
    point.importance = std::move(*importance);
    return point;
  }

 private:
  size_t Width() const { return static_cast<size_t>(chain_.shape().width); }

  Result<RowCalibration> CalibrationOf(const RowCodecSpec& spec, size_t cut, float plant) {
    if (sample_.empty()) {
      auto rows = SampleRows(chain_, text_, kCalibrationWindows);
      if (!rows) return Forward(rows);
      sample_ = std::move(*rows);
    }
    std::vector<float> rows = sample_[cut];
    for (size_t i = 0; i < Width(); ++i) rows[i] *= plant;
    return Calibrate(spec, {rows, Width()});
  }

  Result<PointImportance> ImportanceOf(const PointName& name) {
    const auto spec = ParseImportance(name.importance);
    if (!spec) return Forward(spec);
    PointImportance importance{*spec, name.attention_layer, {}};
    if (spec->method != ImportanceMethod::kWeighted) return importance;
    if (Status s = MeasureRelevance(); !s) return Forward(s);
    importance.head_relevance = relevance_->Weights(static_cast<size_t>(name.attention_layer));
    return importance;
  }

  Status MeasureRelevance() {
    if (relevance_) return {};
    Tell("measuring the relevance of all heads on the first window");
    const TextWindow& window = text_.windows.at(0);
    const auto begin = text_.tokens.begin() + static_cast<ptrdiff_t>(window.begin);
    const std::vector<Token> ids(begin, begin + window.length);
    auto measured = MeasureHeadRelevance(path_, {&ids, 1}, {.threads = threads_});
    if (!measured) return Forward(measured);
    relevance_ = std::move(*measured);
    return {};
  }

  const std::vector<int> cuts_;
  StageChain& chain_;
  const EvaluatedText& text_;
  const std::string& path_;
  const int threads_;
  std::vector<std::vector<float>> sample_;  // rows at each cut, once asked for
  std::optional<HeadRelevance> relevance_;
};

}  // namespace

std::vector<int> CutsOf(const std::vector<PointName>& points) {
  std::vector<int> cuts;
  for (const PointName& point : points) cuts.push_back(point.split);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

Result<std::vector<CutPoint>> MakePoints(const std::vector<PointName>& names, StageChain& chain,
                                         const EvaluatedText& text, const std::string& path, int threads) {
  Maker maker(names, chain, text, path, threads);
  std::vector<CutPoint> points;
  for (const PointName& name : names) {
    auto point = maker.Make(name);
    if (!point) return Forward(point);
    points.push_back(std::move(*point));
  }
  return points;
}

}  // namespace tandem
