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
constexpr Unit kParts[] = {{"%", 0.01}};
constexpr double kMaxMicros = 3600e6;
constexpr double kMinRate = 1000;
constexpr double kMaxRate = 1e12;
constexpr double kTwoTo32 = 4294967296.0;

constexpr size_t kFastRetransmit = 3;     // segments behind a lost one that make its sender notice
constexpr double kTimeoutMargin = 200e3;  // of a retransmission time-out above the round trip, us
constexpr double kMaxTimeout = 60e6;      // us

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

Result<double> ParseLoss(std::string_view text) {
  const std::optional<double> part = text == "0" ? 0.0 : ParseWithUnit(text, kParts);
  if (!part || *part > kMaxLoss) {
    return Fail(ErrorCode::kUsage, "'{}' is not a part like 1% or 0.5%, of at most {}%", text,
                100 * kMaxLoss);
  }
  return *part;
}

ShapedPipe::ShapedPipe(const LinkShape& shape, Direction direction, const LinkUse& use)
    : shape_(shape), direction_(direction), use_(use) {
  const double bps = direction == Direction::kUp ? shape.rates.up_bps : shape.rates.down_bps;
  if (bps > 0) us_per_byte_ = 8e6 / bps;
}

// Jitter and stall of the next segment.
double ShapedPipe::LateBy(size_t behind) {
  const uint64_t n = sent_++;
  const PhiloxCounter random =
      Philox4x32({static_cast<uint32_t>(n), static_cast<uint32_t>(n >> 32), use_.connection,
                  static_cast<uint32_t>(direction_)},
                 {static_cast<uint32_t>(shape_.seed), static_cast<uint32_t>(shape_.seed >> 32)});
  const double chance = (random[1] + 0.5) / kTwoTo32;  // never 0: then the losses would not end
  int losses = 0;
  for (double all_lost = shape_.loss; chance < all_lost; all_lost *= shape_.loss) ++losses;
  stalls_ += losses > 0 ? 1 : 0;
  return static_cast<double>(shape_.jitter.count()) * (random[0] / kTwoTo32) + Stall(losses, behind);
}

double ShapedPipe::Stall(int losses, size_t behind) const {
  const double rtt = static_cast<double>(shape_.rtt.count());
  double timeout = rtt + kTimeoutMargin;
  double stall = 0;
  for (int lost = 0; lost < losses; ++lost) {
    if (lost == 0 && behind >= kFastRetransmit) {
      stall += rtt;
      continue;
    }
    stall += timeout;
    timeout = std::min(2 * timeout, std::max(kMaxTimeout, timeout));
  }
  return stall;
}

Micros ShapedPipe::SegmentAt(size_t bytes, size_t behind, Micros now) {
  const double uptime = static_cast<double>(shape_.cuts.Uptime(now - use_.start).count());
  line_free_us_ = std::max(line_free_us_, uptime) + us_per_byte_ * static_cast<double>(bytes);
  const double travel = static_cast<double>(shape_.rtt.count()) / 2;
  last_arrival_us_ = std::max(last_arrival_us_, line_free_us_ + travel + LateBy(behind));
  return use_.start + shape_.cuts.TimeOf(Micros(std::llround(std::ceil(last_arrival_us_))));
}

Micros ShapedPipe::DeliverAt(size_t bytes, Micros now) {
  for (; bytes > kSegmentBytes; bytes -= kSegmentBytes)
    SegmentAt(kSegmentBytes, (bytes - 1) / kSegmentBytes, now);
  return SegmentAt(bytes, 0, now);
}

size_t WebSocketBytes(size_t payload, Direction direction) {
  const size_t header = payload < 126 ? 2 : payload < 65536 ? 4 : 10;
  return header + (direction == Direction::kUp ? 4 : 0) + payload;
}

}  // namespace tandem
