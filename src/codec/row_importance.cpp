// See row_importance.h.
#include "codec/row_importance.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/philox.h"
#include "codec/bit_shares.h"

namespace tandem {
namespace {

constexpr int kMaxLayer = 511;
constexpr std::string_view kAggregateUpto = "aggregate upto ";
constexpr uint32_t kRandomRows = 0x726f7773;  // keeps these numbers apart from others of the same seed

struct Named {
  std::string_view name;
  ImportanceSpec spec;
};

constexpr Named kNames[] = {
    {"regular_importance", {ImportanceMethod::kRegular}},
    {"last_row", {ImportanceMethod::kLastRow}},
    {"weighted_importance", {ImportanceMethod::kWeighted}},
    {"aggregate_till", {ImportanceMethod::kAggregate}},
    {"maximum aggregation", {ImportanceMethod::kMaximum}},
    {"upto ratio", {ImportanceMethod::kRegular, RowChoice::kMass}},
    {"random", {ImportanceMethod::kRandom}},
};

std::string AllNames() {
  std::string text;
  for (const Named& named : kNames) text += std::string(named.name) + ", ";
  return text + "aggregate upto N";
}

size_t Heads(const LayerAttention& layer, size_t rows) {
  return layer.column_sums.size() / rows;
}

Status CheckLayer(const LayerAttention& layer, size_t rows) {
  if (layer.column_sums.empty() || layer.column_sums.size() % rows != 0 ||
      layer.column_sums.size() != layer.last_row.size())
    return Fail(ErrorCode::kUsage, "attention of layer {} has {} sums and {} weights for {} rows",
                layer.layer, layer.column_sums.size(), layer.last_row.size(), rows);
  return {};
}

Status CheckRelevance(std::span<const float> relevance, size_t heads) {
  if (relevance.size() != heads)
    return Fail(ErrorCode::kUsage, "relevance of {} heads for a layer of {}", relevance.size(), heads);
  double sum = 0;
  for (const float r : relevance) {
    if (!std::isfinite(r) || r < 0)
      return Fail(ErrorCode::kUsage, "a head's relevance is {}, expected a number >= 0", r);
    sum += r;
  }
  if (sum == 0) return Fail(ErrorCode::kUsage, "the relevance of all {} heads is 0", heads);
  return {};
}

Status CheckInput(const ImportanceSpec& spec, const ImportanceInput& input) {
  if (input.rows == 0) return Fail(ErrorCode::kUsage, "a text of 0 rows has no importance");
  if (!spec.NeedsAttention()) return {};
  if (input.layers.empty()) return Fail(ErrorCode::kUsage, "'{}' needs attention of a layer", NameOf(spec));
  for (size_t i = 0; i < input.layers.size(); ++i) {
    if (Status s = CheckLayer(input.layers[i], input.rows); !s) return s;
    if (spec.NeedsLowerLayers() && input.layers[i].layer != static_cast<int>(i))
      return Fail(ErrorCode::kUsage, "'{}' needs every layer from 0 on, but layer {} stands in place {}",
                  NameOf(spec), input.layers[i].layer, i);
  }
  if (spec.method != ImportanceMethod::kWeighted) return {};
  return CheckRelevance(input.head_relevance, Heads(input.layers.back(), input.rows));
}

// Sum over heads of `weights[head] * figures[head][row] * scale`; null weights are 1.
std::vector<double> SumHeads(std::span<const float> figures, size_t rows, const float* weights,
                             double scale) {
  std::vector<double> sums(rows, 0.0);
  for (size_t head = 0; head < figures.size() / rows; ++head) {
    const double weight = weights == nullptr ? 1.0 : weights[head];
    for (size_t row = 0; row < rows; ++row) sums[row] += weight * figures[head * rows + row];
  }
  for (double& sum : sums) sum *= scale;
  return sums;
}

std::vector<double> Regular(const LayerAttention& layer, size_t rows) {
  return SumHeads(layer.column_sums, rows, nullptr, 1.0 / static_cast<double>(rows * Heads(layer, rows)));
}

std::vector<double> Weighted(const LayerAttention& layer, size_t rows, std::span<const float> relevance) {
  const double sum = std::accumulate(relevance.begin(), relevance.end(), 0.0);
  return SumHeads(layer.column_sums, rows, relevance.data(), 1.0 / (sum * static_cast<double>(rows)));
}

std::vector<double> LastRow(const LayerAttention& layer, size_t rows) {
  return SumHeads(layer.last_row, rows, nullptr, 1.0 / static_cast<double>(Heads(layer, rows)));
}

std::vector<double> OverLayers(const ImportanceSpec& spec, const ImportanceInput& input) {
  const size_t most = spec.upto < 0 ? input.layers.size() : static_cast<size_t>(spec.upto) + 1;
  const auto layers = input.layers.first(std::min(most, input.layers.size()));
  std::vector<double> all(input.rows, 0.0);
  for (const LayerAttention& layer : layers) {
    const std::vector<double> one = Regular(layer, input.rows);
    for (size_t row = 0; row < input.rows; ++row) {
      if (spec.method == ImportanceMethod::kMaximum) {
        all[row] = std::max(all[row], one[row]);
      } else {
        all[row] += one[row] / static_cast<double>(layers.size());
      }
    }
  }
  return all;
}

std::vector<double> Random(size_t rows, uint64_t seed) {
  const PhiloxKey key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  std::vector<double> figures(rows);
  for (size_t row = 0; row < rows; ++row) {
    const uint64_t at = row;
    const auto bits =
        Philox4x32({static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32), kRandomRows, 0}, key);
    figures[row] = (static_cast<double>(bits[0] >> 9) + 0.5) / (1 << 23);  // a float holds it exactly
  }
  return figures;
}

std::vector<double> Compute(const ImportanceSpec& spec, const ImportanceInput& input) {
  switch (spec.method) {
    case ImportanceMethod::kRegular:
      return Regular(input.layers.back(), input.rows);
    case ImportanceMethod::kLastRow:
      return LastRow(input.layers.back(), input.rows);
    case ImportanceMethod::kWeighted:
      return Weighted(input.layers.back(), input.rows, input.head_relevance);
    case ImportanceMethod::kAggregate:
    case ImportanceMethod::kMaximum:
      return OverLayers(spec, input);
    case ImportanceMethod::kRandom:
      break;
  }
  return Random(input.rows, input.seed);
}

// All rows but the fewest that hold 1 - ratio of the whole; sums that miss it by rounding alone reach it.
std::vector<uint8_t> OutsideTheMass(std::span<const float> importance, double ratio) {
  std::vector<uint32_t> order(importance.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return importance[a] != importance[b] ? importance[a] > importance[b] : a > b;
  });
  const double whole = std::accumulate(importance.begin(), importance.end(), 0.0);
  std::vector<uint8_t> quantised(importance.size(), 1);
  double kept = 0;
  for (const uint32_t row : order) {
    if (ratio > 0 && kept >= (1 - ratio - 1e-9) * whole) break;
    quantised[row] = 0;
    kept += importance[row];
  }
  return quantised;
}

}  // namespace

Result<ImportanceSpec> ParseImportance(std::string_view name) {
  for (const Named& named : kNames) {
    if (named.name == name) return named.spec;
  }
  if (name.starts_with(kAggregateUpto)) {
    const std::string_view digits = name.substr(kAggregateUpto.size());
    int upto = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), upto);
    if (error == std::errc() && end == digits.data() + digits.size() && upto >= 0 && upto <= kMaxLayer)
      return ImportanceSpec{ImportanceMethod::kAggregate, RowChoice::kShare, upto};
    return Fail(ErrorCode::kUsage, "'{}' names no layer of 0 to {}", name.substr(0, 60), kMaxLayer);
  }
  return Fail(ErrorCode::kUsage, "no importance is called '{}', there are {}", name.substr(0, 60),
              AllNames());
}

std::string NameOf(const ImportanceSpec& spec) {
  for (const Named& named : kNames) {
    if (named.spec == spec) return std::string(named.name);
  }
  return fmt::format("{}{}", kAggregateUpto, spec.upto);
}

Result<std::vector<float>> RowImportance(const ImportanceSpec& spec, const ImportanceInput& input) {
  if (Status s = CheckInput(spec, input); !s) return Forward(s);
  const std::vector<double> figures = Compute(spec, input);
  std::vector<float> importance(figures.begin(), figures.end());
  for (size_t row = 0; row < importance.size(); ++row) {
    if (!std::isfinite(importance[row]))
      return Fail(ErrorCode::kModel, "row {} has an importance of {}", row, importance[row]);
  }
  return importance;
}

Result<std::vector<uint8_t>> RowsToQuantise(RowChoice choice, std::span<const float> importance,
                                            double ratio) {
  if (!(ratio >= 0 && ratio <= 1)) return Fail(ErrorCode::kUsage, "a ratio of {}, expected 0 to 1", ratio);
  for (const float i : importance) {
    if (!std::isfinite(i) || i < 0) return Fail(ErrorCode::kUsage, "a row's importance is {}", i);
  }
  if (choice == RowChoice::kMass) return OutsideTheMass(importance, ratio);
  return LeastImportant(importance, ShareOf(ratio, importance.size()));
}

}  // namespace tandem
