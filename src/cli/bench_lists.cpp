// See bench_lists.h.
#include "cli/bench_lists.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "cli/numbers.h"
#include "cli/output.h"
#include "wire/link_shape.h"

namespace tandem {

namespace {

constexpr int64_t kMostDrafted = 64;
constexpr double kMostMs = 60'000;

std::vector<std::string_view> Words(std::string_view list) {
  std::vector<std::string_view> words;
  for (;;) {
    const size_t comma = list.find(',');
    words.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    list.remove_prefix(comma + 1);
  }
}

template <class Value>
void AddOnce(std::vector<Value>& values, const Value& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

std::optional<Mode> ModeCalled(std::string_view name) {
  for (const Mode mode : {Mode::kEdge, Mode::kCloud, Mode::kSync, Mode::kSpeculate, Mode::kAuto}) {
    if (name == ModeName(mode)) return mode;
  }
  return std::nullopt;
}

Result<std::vector<int32_t>> ParseDraftLengths(std::string_view list) {
  std::vector<int32_t> ks;
  for (const std::string_view word : Words(list)) {
    const auto k = ParseInteger(word);
    if (!k || *k < 1 || *k > kMostDrafted)
      return Fail(ErrorCode::kUsage, "--k has '{}' but must list whole numbers, 1 to {}", Printable(word),
                  kMostDrafted);
    AddOnce(ks, static_cast<int32_t>(*k));
  }
  return ks;
}

std::optional<Micros> RoundTrip(std::string_view word) {
  if (const auto ms = ParseNumber(word)) {
    if (!(*ms >= 0 && *ms <= kMostMs)) return std::nullopt;
    return Micros(std::llround(*ms * 1000));
  }
  const auto time = ParseDuration(word);
  if (!time || ToMs(*time) > kMostMs) return std::nullopt;
  return *time;
}

}  // namespace

Result<std::vector<Contender>> ParseContenders(std::string_view modes, std::string_view ks) {
  const auto lengths = ParseDraftLengths(ks);
  if (!lengths) return Forward(lengths);
  std::vector<Contender> contenders;
  for (const std::string_view word : Words(modes)) {
    const auto mode = ModeCalled(word);
    if (!mode)
      return Fail(ErrorCode::kUsage, "--modes has '{}' but must list edge, cloud, sync, speculate or auto",
                  Printable(word));
    if (*mode != Mode::kSync && *mode != Mode::kSpeculate) {
      AddOnce(contenders, {*mode, 0});
      continue;
    }
    for (const int32_t k : *lengths) AddOnce(contenders, {*mode, k});
  }
  if (std::find(contenders.begin(), contenders.end(), Contender{Mode::kCloud, 0}) == contenders.end())
    return Fail(ErrorCode::kUsage, "--modes {} lacks cloud, which all others are held against",
                Printable(modes));
  return contenders;
}

Result<std::vector<Micros>> ParseRoundTrips(std::string_view list) {
  std::vector<Micros> times;
  for (const std::string_view word : Words(list)) {
    const auto time = RoundTrip(word);
    if (!time)
      return Fail(ErrorCode::kUsage, "--rtt has '{}' but must list round trips in ms, each 0 to {:g}",
                  Printable(word), kMostMs);
    AddOnce(times, *time);
  }
  return times;
}

}  // namespace tandem
