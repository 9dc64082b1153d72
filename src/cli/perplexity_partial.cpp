// See perplexity_partial.h.
#include "cli/perplexity_partial.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/user_cache.h"
#include "cli/output.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMostBytes = 16 << 20, kMostPoints = 4096, kMostCurve = 4096;
constexpr Micros kBetween{1'000'000};
constexpr const char* kKind = "tandem perplexity";

// Doubles are written with the digits that read back as the same bits.
Json ToJson(const PartialResult& result) {
  const PerplexitySums& sums = result.sums;
  Json points = Json::array(), curve = Json::array();
  for (const PointSums& p : sums.points) points.push_back({p.nll, p.rows, p.bytes, p.one_row_bytes});
  for (const CurvePoint& c : result.curve) curve.push_back({c.windows, c.base, c.point});
  return {{"windows", sums.windows}, {"rows", sums.rows}, {"votes", sums.votes},  {"nll", sums.nll},
          {"points", points},        {"curve", curve},    {"facts", result.facts}};
}

bool IsFinite(std::initializer_list<double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

// Throws nlohmann's exceptions for fields that are missing or of another kind.
PartialResult FromJson(const Json& json) {
  PartialResult result;
  PerplexitySums& sums = result.sums;
  sums.windows = json.at("windows").get<uint64_t>();
  sums.rows = json.at("rows").get<uint64_t>();
  sums.votes = json.at("votes").get<double>();
  sums.nll = json.at("nll").get<double>();
  for (const Json& p : json.at("points"))
    sums.points.push_back(
        {p.at(0).get<double>(), p.at(1).get<uint64_t>(), p.at(2).get<uint64_t>(), p.at(3).get<uint64_t>()});
  for (const Json& c : json.at("curve"))
    result.curve.push_back({c.at(0).get<uint64_t>(), c.at(1).get<double>(), c.at(2).get<double>()});
  result.facts = json.at("facts").get<std::vector<double>>();
  return result;
}

bool MakesSense(const PartialResult& result) {
  if (!IsFinite({result.sums.votes, result.sums.nll}) || result.sums.votes < 0) return false;
  if (result.sums.points.size() > kMostPoints || result.curve.size() > kMostCurve) return false;
  return std::all_of(result.sums.points.begin(), result.sums.points.end(),
                     [](const PointSums& p) { return IsFinite({p.nll}); });
}

}  // namespace

Result<PartialResult> PartialFile::Read() const {
  std::error_code error;
  if (path_.empty() || !std::filesystem::exists(path_, error)) return PartialResult{};
  const auto bytes = ReadWhole(path_, kMostBytes);
  if (!bytes)
    return Fail(ErrorCode::kFile, "cannot read {}, or it is longer than {} bytes", path_, kMostBytes);
  const Json json = Json::parse(bytes->begin(), bytes->end(), nullptr, false);
  try {
    if (!json.is_object() || json.value("kind", Json()) != kKind)
      return Fail(ErrorCode::kFile, "{} is no partial result of {}", path_, kKind);
    for (const auto& [name, value] : identity_) {
      const auto kept = json.at("run").value(name, std::string());
      if (kept != value)
        return Fail(ErrorCode::kUsage, "{} belongs to another run: its {} is '{}', here '{}'", path_, name,
                    Printable(kept), Printable(value));
    }
    PartialResult result = FromJson(json.at("done"));
    if (MakesSense(result)) return result;
  } catch (const nlohmann::json::exception&) {  // told below
  }
  return Fail(ErrorCode::kFile, "{} is a partial result that is damaged", path_);
}

Status PartialFile::Keep(const PartialResult& result, bool now) {
  if (path_.empty() || (!now && clock_.Now() - kept_ < kBetween)) return {};
  Json run = Json::object();
  for (const auto& [name, value] : identity_) run[name] = value;
  const std::string text =
      JsonText({{"kind", kKind}, {"run", std::move(run)}, {"done", ToJson(result)}}) + "\n";
  kept_ = clock_.Now();
  return WriteWhole(path_, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace tandem
