// Warp, then race; see sampler.h.
#include "sample/sampler.h"

#include <cmath>

namespace tandem {
namespace {

Status InRange(const char* name, float value, float low, float high) {
  if (std::isfinite(value) && value >= low && value <= high) return {};
  return Fail(ErrorCode::kUsage, "{} is {}, outside {}..{}", name, value, low, high);
}

}  // namespace

Status Validate(const SamplingParams& p) {
  const Status checks[] = {
      InRange("temperature", p.temperature, 0.0f, 100.0f),
      InRange("top_p", p.top_p, 1e-6f, 1.0f),
      InRange("min_p", p.min_p, 0.0f, 0.999999f),
      InRange("repeat_penalty", p.repeat_penalty, 1e-3f, 1e3f),
      InRange("frequency_penalty", p.frequency_penalty, -1e3f, 1e3f),
      InRange("presence_penalty", p.presence_penalty, -1e3f, 1e3f),
  };
  for (const Status& check : checks) {
    if (!check) return check;
  }
  if (p.top_k < 0) return Fail(ErrorCode::kUsage, "top_k is {}, below 0", p.top_k);
  if (p.repeat_last_n < 0) return Fail(ErrorCode::kUsage, "repeat_last_n is {}, below 0", p.repeat_last_n);
  return {};
}

RaceResult Sampler::PickWithMargin(std::span<const float> logits, std::span<const Token> history) {
  const Distribution& law = warper_.Warp(logits, history);
  RaceResult result = RunRace(law, {.seed = params().seed, .position = static_cast<Pos>(history.size())});
  if (law.size() < 2) result.margin = warper_.lead() / (params().temperature > 0 ? params().temperature : 1);
  return result;
}

}  // namespace tandem
