// See measured_rows.h.
#include "lab/measured_rows.h"

#include "codec/row_calibration.h"

namespace tandem {

namespace {

ChannelStatistics StatisticsOf(RowCalibration calibration) {
  ChannelStatistics channels;
  for (const ValueRange& range : calibration.channels) {
    channels.low.push_back(range.low);
    channels.high.push_back(range.high);
  }
  channels.mean_magnitude = std::move(calibration.mean_magnitudes);
  return channels;
}

}  // namespace

Result<RowStatistics> StatisticsAt(int cut, const RowsView& rows) {
  RowStatistics statistics{.cut = cut};
  for (const bool rotated : {false, true}) {
    for (const bool without_sinks : {false, true}) {
      RowCodecSpec spec{.format = RowFormat::kInt8, .span = ScaleSpan::kChannel, .rotate = rotated};
      if (without_sinks) spec.sinks = SinkRule::kThreshold;
      auto calibration = Calibrate(spec, rows);
      if (!calibration)
        return Fail(calibration.error().code, "the cut before layer {}: {}", cut,
                    calibration.error().message);
      statistics.sink_threshold = calibration->sink_threshold;
      statistics.channels[RowStatistics::Kind(rotated, without_sinks)] =
          StatisticsOf(std::move(*calibration));
    }
  }
  return statistics;
}

std::vector<int> CutsWithin(std::span<const StageRange> stages, int layers) {
  std::vector<int> cuts;
  for (const StageRange& range : stages) {
    for (int cut = range.FirstLayer(); cut <= range.LastLayer(layers); ++cut) cuts.push_back(cut);
  }
  return cuts;
}

Result<std::vector<RowStatistics>> MeasureRows(StageChain& chain, std::span<const int> cuts,
                                               const EvaluatedText& text) {
  const auto sample = SampleRows(chain, text, text.windows.size());
  if (!sample) return Forward(sample);
  std::vector<RowStatistics> rows;
  for (size_t i = 0; i < cuts.size(); ++i) {
    auto at = StatisticsAt(cuts[i], {(*sample)[i], static_cast<size_t>(chain.shape().width)});
    if (!at) return Forward(at);
    rows.push_back(std::move(*at));
  }
  return rows;
}

Status WeighHeads(const std::string& path, const EvaluatedText& text, const HeadRelevanceOptions& options,
                  std::vector<RowStatistics>& rows) {
  const TextWindow& window = text.windows.at(0);
  const auto begin = text.tokens.begin() + static_cast<ptrdiff_t>(window.begin);
  std::vector<Token> ids(begin, begin + window.length);
  if (text.first_token) ids[0] = *text.first_token;
  const auto relevance = MeasureHeadRelevance(path, {&ids, 1}, options);
  if (!relevance) return Forward(relevance);
  for (RowStatistics& at : rows) {
    if (at.cut > 0) at.head_weights = relevance->Weights(static_cast<size_t>(at.cut) - 1);
  }
  return {};
}

}  // namespace tandem
