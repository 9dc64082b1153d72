// How a text is drawn: plain values that travel with a session (wire) and steer the sampler
// (sample/sampler.h).
#pragma once

#include <cstdint>

namespace tandem {

// Defaults are llama.cpp's. The warpers run in this order: penalties, top_k, top_p, min_p, temperature.
struct SamplingParams {
  uint64_t seed = 0;
  float temperature = 0.80f;  // >= 0; 0 picks the argmax, ties to the lowest id
  int32_t top_k = 40;         // keep the k largest; 0 keeps all
  float top_p = 0.95f;        // (0, 1]; keep the smallest set of mass >= top_p; 1 keeps all
  float min_p = 0.05f;        // [0, 1); drop p < min_p * max p; 0 keeps all
  float repeat_penalty =
      1.0f;  // > 0; logits of ids in the window: divided if positive, else multiplied; 1 is off
  float frequency_penalty = 0.0f;  // subtracted once per occurrence in the window
  float presence_penalty = 0.0f;   // subtracted once if the id is in the window
  int32_t repeat_last_n = 64;      // window of the penalties, in tokens of the history's end; >= 0

  friend bool operator==(const SamplingParams&, const SamplingParams&) = default;
};

}  // namespace tandem
