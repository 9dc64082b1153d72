// Tests of sampler.
#include "sample/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <set>

#include "sample/noise.h"

namespace tandem {
namespace {

using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> SomeLogits(uint64_t seed, size_t size) {
  std::vector<float> logits(size);
  for (size_t i = 0; i < size; ++i) {
    logits[i] = static_cast<float>(6.0 * UniformNoise({.seed = seed}, static_cast<Token>(i)));
  }
  return logits;
}

std::vector<Token> Write(Sampler& sampler, int length) {
  std::vector<Token> text;
  for (int i = 0; i < length; ++i)
    text.push_back(sampler.Pick(SomeLogits(static_cast<uint64_t>(i), 100), text));
  return text;
}

TEST(Sampler, OneSeedGivesOneText) {
  Sampler a({.seed = 5}), b({.seed = 5}), other({.seed = 6});
  const std::vector<Token> text = Write(a, 40);
  EXPECT_EQ(text, Write(b, 40));
  EXPECT_EQ(text, Write(a, 40)) << "nothing is kept between calls but scratch memory";
  EXPECT_NE(text, Write(other, 40));
}

// Rows of a verification step come in any grouping; a sampler that judged other rows before gives the same
// token.
RC_GTEST_PROP(Sampler, WhatItDidBeforeDoesNotMatter, (uint64_t seed)) {
  const SamplingParams params{.seed = seed, .top_k = *rc::gen::inRange(0, 60), .repeat_penalty = 1.2f};
  Sampler fresh(params), used(params);
  const auto strange =
      *rc::gen::container<std::vector<float>>(rc::gen::element(0.0f, 3.0f, -1.0f, kNan, kInf));
  used.Pick(strange, std::vector<Token>{1, 2, 3});
  const std::vector<Token> history{3, 1, 4, 1, 5};
  const std::vector<float> logits = SomeLogits(seed, 50);
  RC_ASSERT(fresh.Pick(logits, history) == used.Pick(logits, history));
}

TEST(Sampler, TheNoiseIsThatOfTheTextsLength) {
  Sampler sampler({.seed = 1, .temperature = 5.0f, .top_k = 0, .top_p = 1.0f, .min_p = 0.0f});
  const std::vector<float> flat(1000, 0.0f);
  std::set<Token> picked;
  std::vector<Token> history;
  for (int i = 0; i < 50; ++i) {
    picked.insert(sampler.Pick(flat, history));
    history.push_back(7);
  }
  EXPECT_GT(picked.size(), 40u) << "every position draws anew";
  std::fill(history.begin(), history.end(), 8);
  Sampler again(sampler.params());
  EXPECT_EQ(sampler.Pick(flat, history), again.Pick(flat, history));
}

TEST(Sampler, TemperatureZeroIsTheArgmaxWhateverTheSeed) {
  std::vector<float> logits{1.0f, 4.0f, 2.0f, 4.0f};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Sampler sampler({.seed = seed, .temperature = 0.0f});
    EXPECT_EQ(sampler.Pick(logits, {}), 1) << "ties to the lowest id";
    Sampler penal({.seed = seed, .temperature = 0.0f, .repeat_penalty = 1.5f});
    EXPECT_EQ(penal.Pick(logits, std::vector<Token>{1}), 3) << "after penalties";
  }
}

TEST(Sampler, NoLogitsCrashIt) {
  for (const float temperature : {0.0f, 0.8f}) {
    for (const int32_t top_k : {0, 1, 40}) {
      Sampler sampler({.temperature = temperature, .top_k = top_k});
      EXPECT_EQ(sampler.Pick({}, {}), kNoToken);
      EXPECT_EQ(sampler.Pick(std::vector<float>(9, kNan), {}), 0);
      EXPECT_EQ(sampler.Pick(std::vector<float>(9, -kInf), {}), 0);
      EXPECT_EQ(sampler.Pick(std::vector<float>{-kInf, kNan, -5.0f, kNan}, {}), 2);
      EXPECT_EQ(sampler.Pick(std::vector<float>{1.0f, kNan, kInf, 9.0f}, {}), 2);
    }
  }
}

TEST(Validate, TakesTheDefaultsAndTheEdgesOfEveryRange) {
  EXPECT_TRUE(Validate({}));
  EXPECT_TRUE(Validate({.temperature = 0.0f, .top_k = 0, .top_p = 1.0f, .min_p = 0.0f, .repeat_last_n = 0}));
  EXPECT_TRUE(Validate(
      {.top_k = std::numeric_limits<int32_t>::max(), .repeat_last_n = std::numeric_limits<int32_t>::max()}));
}

TEST(Validate, RefusesWhatIsOutOfRangeAndSaysWhat) {
  const auto message = [](const SamplingParams& params) {
    const Status status = Validate(params);
    return status ? std::string() : status.error().message;
  };
  EXPECT_THAT(message({.temperature = -0.5f}), HasSubstr("temperature is -0.5"));
  EXPECT_THAT(message({.top_p = 0.0f}), HasSubstr("top_p is 0"));
  EXPECT_THAT(message({.top_p = 1.5f}), HasSubstr("top_p is 1.5"));
  EXPECT_THAT(message({.min_p = 1.0f}), HasSubstr("min_p is 1"));
  EXPECT_THAT(message({.repeat_penalty = 0.0f}), HasSubstr("repeat_penalty is 0"));
  EXPECT_THAT(message({.top_k = -3}), HasSubstr("top_k is -3"));
  EXPECT_THAT(message({.repeat_last_n = -1}), HasSubstr("repeat_last_n is -1"));
}

TEST(Validate, RefusesWhatIsNotFinite) {
  float SamplingParams::*const fields[] = {&SamplingParams::temperature,
                                           &SamplingParams::top_p,
                                           &SamplingParams::min_p,
                                           &SamplingParams::repeat_penalty,
                                           &SamplingParams::frequency_penalty,
                                           &SamplingParams::presence_penalty};
  for (const auto field : fields) {
    for (const float value : {kNan, kInf, -kInf}) {
      SamplingParams params;
      params.*field = value;
      const Status status = Validate(params);
      ASSERT_FALSE(status) << value;
      EXPECT_EQ(status.error().code, ErrorCode::kUsage);
    }
  }
}

// Whatever passes Validate gives a token of the vocabulary, for any logits and any history.
RC_GTEST_PROP(Validate, WhatPassesSamples, (uint64_t seed)) {
  const auto any = [](std::initializer_list<float> values) {
    return *rc::gen::elementOf(std::vector(values));
  };
  const SamplingParams params{.seed = seed,
                              .temperature = any({0.0f, 1e-45f, 1e-30f, 0.5f, 1.0f, 1.7f, 50.0f, 100.0f}),
                              .top_k = *rc::gen::inRange(0, 12),
                              .top_p = any({1e-6f, 0.001f, 0.5f, 0.999f, 1.0f}),
                              .min_p = any({0.0f, 1e-45f, 1e-30f, 0.001f, 0.5f, 0.999f}),
                              .repeat_penalty = any({0.001f, 0.5f, 0.999f, 1.0f, 1.7f, 1000.0f}),
                              .frequency_penalty = any({0.0f, 1e-45f, 0.5f, 1000.0f, -1000.0f}),
                              .presence_penalty = any({0.0f, 1e-45f, 0.5f, 1000.0f, -1000.0f}),
                              .repeat_last_n = *rc::gen::inRange(0, 9)};
  RC_ASSERT(Validate(params).has_value());
  const auto logits = *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(
      rc::gen::element(0.0f, -0.0f, 3.5f, -2.0f, 3e38f, -3e38f, 1e-45f, kNan, kInf, -kInf)));
  const auto history = *rc::gen::container<std::vector<Token>>(rc::gen::inRange<Token>(-2, 20));
  const Token token = Sampler(params).Pick(logits, history);
  RC_ASSERT(token >= 0 && static_cast<size_t>(token) < logits.size());
}

TEST(Sampler, SaysHowClearlyItPicked) {
  const std::vector<float> logits = {1.0f, 4.0f, 3.25f, -2.0f};
  Sampler greedy({.temperature = 0});
  EXPECT_NEAR(greedy.PickWithMargin(logits, {}).margin, 0.75, 1e-6) << "the lead of the best logit";
  Sampler drawn({.seed = 1, .temperature = 2, .min_p = 0});
  EXPECT_EQ(drawn.PickWithMargin(logits, {}).winner, drawn.Pick(logits, {}));
  EXPECT_EQ(drawn.PickWithMargin(logits, {}).margin, RunRace(drawn.Warp(logits, {}), {.seed = 1}).margin);
  Sampler cut({.temperature = 0.5f, .min_p = 0.99f});
  EXPECT_NEAR(cut.PickWithMargin(logits, {}).margin, 1.5, 1e-6) << "only one was left: its lead, heated";
  EXPECT_TRUE(std::isinf(greedy.PickWithMargin(std::vector<float>{3.0f}, {}).margin));
  const float never = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(greedy.PickWithMargin(std::vector<float>(4, never), {}).margin, 0) << "nothing can be picked";
}

}  // namespace
}  // namespace tandem
