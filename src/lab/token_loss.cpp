// See token_loss.h.
#include "lab/token_loss.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <system_error>
#include <thread>
#include <vector>

namespace tandem {

namespace {

constexpr size_t kWorthAThread = 256 * 1024;  // values: about half a millisecond, ten times a thread's start

float Largest(std::span<const float> values) {
  constexpr size_t kLanes = 8;  // side by side, for the sake of vector code
  std::array<float, kLanes> lanes;
  lanes.fill(values[0]);
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
  }
  for (; i < values.size(); ++i) lanes[0] = std::max(lanes[0], values[i]);
  return *std::max_element(lanes.begin(), lanes.end());
}

double SumOfExpPlain(std::span<const float> values, double top) {
  double sum = 0;
  for (const float v : values) sum += std::exp(static_cast<double>(v) - top);
  return sum;
}

#if defined(__x86_64__)
using Doubles __attribute__((vector_size(32))) = double;
using Integers __attribute__((vector_size(32))) = int64_t;
using Floats __attribute__((vector_size(16))) = float;

// e^x of x <= 0, four at a time and three times as fast as calls of exp: x = n ln 2 + r with |r| <= ln(2) /
// 2, a Taylor polynomial of e^r (the first term left out is below 1e-17), and n put into the exponent. Below
// -708 e^x would leave the normal numbers; it counts as e^-708.
__attribute__((target("avx2,fma"))) double SumOfExpAvx2(std::span<const float> values, double top) {
  constexpr double kShift = 0x1.8p52;  // adding it rounds to a whole number, which its low bits then hold
  constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  constexpr double kTerms[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
  Doubles sums{};
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    Floats raw;
    std::memcpy(&raw, values.data() + i, sizeof raw);
    Doubles x = __builtin_convertvector(raw, Doubles) - top;
    x = x < -708.0 ? Doubles{} - 708.0 : x;
    const Doubles shifted = x * 1.4426950408889634074 + kShift, n = shifted - kShift;
    const Doubles r = (x - n * kLn2High) - n * kLn2Low;
    Doubles e = Doubles{} + 1.0 / 6227020800;
    for (const double term : kTerms) e = e * r + term;
    const Integers power = (reinterpret_cast<Integers>(shifted) + 1023) << 52;
    sums += e * reinterpret_cast<Doubles>(power);
  }
  return sums[0] + sums[1] + sums[2] + sums[3] + SumOfExpPlain(values.subspan(i), top);
}

double SumOfExp(std::span<const float> values, double top) {
  static const bool kFast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return kFast ? SumOfExpAvx2(values, top) : SumOfExpPlain(values, top);
}
#else
double SumOfExp(std::span<const float> values, double top) {
  return SumOfExpPlain(values, top);
}
#endif

}  // namespace

double TokenLoss(std::span<const float> logits, Token target) {
  const double top = Largest(logits);
  const double sum = SumOfExp(logits, top);
  return std::log(sum) - (static_cast<double>(logits[static_cast<size_t>(target)]) - top);
}

double SumOfLosses(const std::function<std::span<const float>(size_t)>& row, std::span<const Token> targets,
                   int threads) {
  std::vector<double> losses(targets.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < losses.size(); i = next++) losses[i] = TokenLoss(row(i), targets[i]);
  };
  const size_t values = targets.empty() ? 0 : targets.size() * row(0).size();
  const size_t useful = std::min({static_cast<size_t>(threads), targets.size(), 1 + values / kWorthAThread});
  {
    std::vector<std::jthread> others;
    try {
      for (size_t i = 1; i < useful; ++i) others.emplace_back(work);
    } catch (const std::system_error&) {  // no more threads to be had: fewer do the work
    }
    work();
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

}  // namespace tandem
