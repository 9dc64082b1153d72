// See link_shape.h.
#include "wire/link_shape.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/philox.h"

namespace tandem {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr Unit kTimes[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}};
constexpr Unit kRates[] = {{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}};
constexpr double kMaxMicros = 3600e6;
constexpr double kMinRate = 1000;
constexpr double kMaxRate = 1e12;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// A plain decimal number before one of the units; nullopt for anything else.
template <size_t N>
std::optional<double> ParseWithUnit(std::string_view text, const Unit (&units)[N]) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  const std::string unit = Lower(text.substr(static_cast<size_t>(end - text.data())));
  for (const Unit& known : units) {
    if (unit == known.name) return value * known.factor;
  }
  return std::nullopt;
}

}  // namespace

Result<Micros> ParseDuration(std::string_view text) {
  const std::optional<double> micros = text == "0" ? 0.0 : ParseWithUnit(text, kTimes);
  if (!micros || *micros > kMaxMicros) {
    return Fail(ErrorCode::kUsage, "'{}' is not a time like 20ms, 1.5s or 200us, of at most an hour", text);
  }
  return Micros(std::llround(*micros));
}

Result<LinkRates> ParseRates(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<double> down = ParseWithUnit(text.substr(0, slash), kRates);
  const std::optional<double> up =
      slash == std::string_view::npos ? down : ParseWithUnit(text.substr(slash + 1), kRates);
  if (!down || !up || std::min(*down, *up) < kMinRate || std::max(*down, *up) > kMaxRate) {
    return Fail(ErrorCode::kUsage, "'{}' is not a rate like 10mbit or 10mbit/1mbit (down/up), from 1kbit",
                text);
  }
  return LinkRates{*down, *up};
}

ShapedPipe::ShapedPipe(const LinkShape& shape, Direction direction)
    : delay_us_(static_cast<double>(shape.rtt.count()) / 2),
      jitter_us_(static_cast<double>(shape.jitter.count())),
      us_per_byte_(0),
      key_(shape.seed * 2 + static_cast<uint64_t>(direction)) {
  const double bps = direction == Direction::kUp ? shape.rates.up_bps : shape.rates.down_bps;
  if (bps > 0) us_per_byte_ = 8e6 / bps;
}

double ShapedPipe::Jitter() {
  const uint64_t n = sent_++;
  const PhiloxCounter random = Philox4x32({static_cast<uint32_t>(n), static_cast<uint32_t>(n >> 32), 0, 0},
                                          {static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)});
  return jitter_us_ * random[0] / 4294967296.0;
}

Micros ShapedPipe::DeliverAt(size_t bytes, Micros now) {
  line_free_us_ =
      std::max(line_free_us_, static_cast<double>(now.count())) + us_per_byte_ * static_cast<double>(bytes);
  last_arrival_us_ = std::max(last_arrival_us_, line_free_us_ + delay_us_ + Jitter());
  return Micros(std::llround(std::ceil(last_arrival_us_)));
}

size_t WebSocketBytes(size_t payload, Direction direction) {
  const size_t header = payload < 126 ? 2 : payload < 65536 ? 4 : 10;
  return header + (direction == Direction::kUp ? 4 : 0) + payload;
}

}  // namespace tandem
