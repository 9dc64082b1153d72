// See row_statistics.h.
#include "model/row_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "model/gguf_header.h"
#include "model/gguf_metadata.h"
#include "model/hparams.h"

namespace tandem {

namespace {

constexpr const char* kCuts = "tandem.rows.cuts";
constexpr const char* kThresholds = "tandem.rows.sink_thresholds";
constexpr const char* kHeads = "tandem.rows.head_weights";
constexpr const char* kChannels = "tandem.rows.channels";
constexpr size_t kFigures = 3;  // of a channel

Result<ByteReader> Array(const GgufHeader& header, const char* key, GgufType type, uint64_t count) {
  const GgufValue* value = header.Find(key);
  if (value == nullptr) return Fail(ErrorCode::kFile, "metadata '{}' is missing", key);
  if (!value->is_array || value->type != type || value->count != count)
    return Fail(ErrorCode::kFile, "metadata '{}' is no array of {} values of GGUF's type {}", key, count,
                static_cast<uint32_t>(type));
  return ByteReader(value->bytes);
}

float F32(ByteReader& in) {
  return std::bit_cast<float>(in.U32());
}

std::vector<float> Figures(ByteReader& in, size_t count) {
  std::vector<float> figures(count);
  for (float& figure : figures) figure = F32(in);
  return figures;
}

Status CheckChannels(const ChannelStatistics& channels, int cut) {
  for (size_t i = 0; i < channels.low.size(); ++i) {
    const float low = channels.low[i], high = channels.high[i], mean = channels.mean_magnitude[i];
    const bool finite = std::isfinite(low) && std::isfinite(high) && std::isfinite(mean);
    if (finite && low <= 0 && high >= 0 && mean >= 0) continue;
    return Fail(ErrorCode::kFile,
                "metadata '{}' has channel {} of the cut before layer {} in {}..{}, mean magnitude {}",
                kChannels, i, cut, low, high, mean);
  }
  return {};
}

Result<ChannelStatistics> ReadChannels(ByteReader& in, int cut, size_t width) {
  ChannelStatistics channels;
  channels.low = Figures(in, width);
  channels.high = Figures(in, width);
  channels.mean_magnitude = Figures(in, width);
  if (Status s = CheckChannels(channels, cut); !s) return Forward(s);
  return channels;
}

// The cuts, which say how long everything else is.
Result<std::vector<RowStatistics>> ReadCuts(const GgufHeader& header, int layers) {
  const uint64_t count = header.Find(kCuts) != nullptr ? header.Find(kCuts)->count : 0;
  auto cuts = Array(header, kCuts, GgufType::kU32, count);
  if (!cuts) return Forward(cuts);
  if (count > static_cast<uint64_t>(layers) + 1)
    return Fail(ErrorCode::kFile, "metadata '{}' lists {} cuts of {} layers", kCuts, count, layers);
  std::vector<RowStatistics> rows;
  uint32_t least = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t cut = cuts->U32();
    if (cut < least || cut > static_cast<uint32_t>(layers))
      return Fail(ErrorCode::kFile, "metadata '{}' lists layer {}, expected {} to {}", kCuts, cut, least,
                  layers);
    rows.emplace_back().cut = static_cast<int>(cut);
    least = cut + 1;
  }
  return rows;
}

Status ReadHeads(const GgufHeader& header, size_t heads, std::vector<RowStatistics>& rows) {
  if (header.Find(kHeads) == nullptr) return {};
  auto in = Array(header, kHeads, GgufType::kF32, rows.size() * heads);
  if (!in) return Forward(in);
  for (RowStatistics& at : rows) {
    std::vector<float> weights = Figures(*in, heads);
    if (at.cut == 0) continue;
    double sum = 0;
    for (const float weight : weights) sum += weight >= 0 ? weight : std::numeric_limits<double>::quiet_NaN();
    if (!(sum > 0 && std::isfinite(sum)))
      return Fail(ErrorCode::kFile, "metadata '{}' has heads of layer {} that count {}", kHeads, at.cut - 1,
                  sum);
    at.head_weights = std::move(weights);
  }
  return {};
}

void AddHeads(const std::vector<RowStatistics>& rows, GgufMetadata& metadata) {
  size_t heads = 0;
  for (const RowStatistics& at : rows) heads = std::max(heads, at.head_weights.size());
  if (heads == 0) return;
  ByteWriter out;
  for (const RowStatistics& at : rows) {
    for (size_t head = 0; head < heads; ++head)
      out.U32(std::bit_cast<uint32_t>(head < at.head_weights.size() ? at.head_weights[head] : 0.0f));
  }
  metadata.Set(kHeads, {GgufType::kF32, true, rows.size() * heads, out.Take()});
}

}  // namespace

void AddRowStatistics(const std::vector<RowStatistics>& rows, GgufMetadata& metadata) {
  if (rows.empty()) return;
  ByteWriter cuts, thresholds, channels;
  uint64_t count = 0;
  const auto add = [&](const std::vector<float>& figures) {
    for (const float figure : figures) channels.U32(std::bit_cast<uint32_t>(figure));
    count += figures.size();
  };
  for (const RowStatistics& at : rows) {
    cuts.U32(static_cast<uint32_t>(at.cut));
    thresholds.U32(std::bit_cast<uint32_t>(at.sink_threshold));
    for (const ChannelStatistics& kind : at.channels) {
      add(kind.low);
      add(kind.high);
      add(kind.mean_magnitude);
    }
  }
  metadata.Set(kCuts, {GgufType::kU32, true, rows.size(), cuts.Take()});
  metadata.Set(kThresholds, {GgufType::kF32, true, rows.size(), thresholds.Take()});
  metadata.Set(kChannels, {GgufType::kF32, true, count, channels.Take()});
  AddHeads(rows, metadata);
}

Result<std::vector<RowStatistics>> ReadRowStatistics(const GgufHeader& header, const Hparams& model) {
  if (header.Find(kCuts) == nullptr && header.Find(kThresholds) == nullptr &&
      header.Find(kHeads) == nullptr && header.Find(kChannels) == nullptr)
    return std::vector<RowStatistics>();
  auto rows = ReadCuts(header, model.layers);
  if (!rows) return rows;
  const uint64_t a_cut = RowStatistics::kKinds * kFigures * static_cast<uint64_t>(model.width);
  auto thresholds = Array(header, kThresholds, GgufType::kF32, rows->size());
  if (!thresholds) return Forward(thresholds);
  auto channels = Array(header, kChannels, GgufType::kF32, rows->size() * a_cut);
  if (!channels) return Forward(channels);
  if (Status s = ReadHeads(header, static_cast<size_t>(model.heads), *rows); !s) return Forward(s);
  for (RowStatistics& at : *rows) {
    at.sink_threshold = F32(*thresholds);
    if (!std::isfinite(at.sink_threshold) || at.sink_threshold < 0)
      return Fail(ErrorCode::kFile, "metadata '{}' holds {}, expected 0 or more", kThresholds,
                  at.sink_threshold);
    for (ChannelStatistics& kind : at.channels) {
      auto read = ReadChannels(*channels, at.cut, static_cast<size_t>(model.width));
      if (!read) return Forward(read);
      kind = std::move(*read);
    }
  }
  return rows;
}

}  // namespace tandem
