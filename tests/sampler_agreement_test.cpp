// Our warpers against libllama's samplers of the same names, in the same order, on the same logits and
// histories: the same candidates with the same probabilities. libllama computes in float, so a probability
// may differ in its last digits, and cases where one comes that near to a threshold are left out.
#include <gtest/gtest.h>
#include <llama.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <memory>

#include "sample/noise.h"
#include "sample/warp.h"

namespace tandem {
namespace {

struct FreeSampler {
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using Chain = std::unique_ptr<llama_sampler, FreeSampler>;
using Law = std::map<Token, double>;

Chain MakeChain(const SamplingParams& p, int vocab_size) {
  Chain chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  llama_sampler_chain_add(chain.get(),
                          llama_sampler_init_penalties(vocab_size, p.repeat_last_n, p.repeat_penalty,
                                                       p.frequency_penalty, p.presence_penalty));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(p.top_k));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(p.top_p, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_min_p(p.min_p, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(p.temperature));
  return chain;
}

// The softmax of what libllama leaves.
Law TheirLaw(const SamplingParams& params, const std::vector<float>& logits,
             const std::vector<Token>& history) {
  const Chain chain = MakeChain(params, static_cast<int>(logits.size()));
  for (const Token id : history) llama_sampler_accept(chain.get(), id);
  std::vector<llama_token_data> data;
  for (size_t i = 0; i < logits.size(); ++i) data.push_back({static_cast<Token>(i), logits[i], 0.0f});
  llama_token_data_array array{data.data(), data.size(), -1, false};
  llama_sampler_apply(chain.get(), &array);
  Law law;
  double top = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < array.size; ++i) top = std::max(top, static_cast<double>(array.data[i].logit));
  for (size_t i = 0; i < array.size; ++i) {
    const double p = std::exp(array.data[i].logit - top);
    if (p > 0.0) sum += law[array.data[i].id] = p;
  }
  for (auto& [id, p] : law) p /= sum;
  return law;
}

Distribution OurLaw(const SamplingParams& params, const std::vector<float>& logits,
                    const std::vector<Token>& history) {
  return Warper(params).Warp(logits, history);
}

// How near the kept mass of top_p and the least share of min_p come to their thresholds.
double Margin(SamplingParams params, const std::vector<float>& logits, const std::vector<Token>& history) {
  const float top_p = params.top_p, min_p = params.min_p;
  params.top_p = params.temperature = 1.0f;
  params.min_p = 0.0f;
  double mass = 0.0, margin = 1.0;
  const Distribution all = OurLaw(params, logits, history);
  for (const Candidate& c : all) {
    mass += c.p;
    if (top_p < 1.0f) margin = std::min(margin, std::abs(mass - top_p));
    if (min_p > 0.0f) margin = std::min(margin, std::abs(c.p / all.front().p - min_p) / min_p);
  }
  return margin;
}

// Without ties, whose order libllama leaves to the standard library.
std::vector<float> SomeLogits(uint64_t seed, int size) {
  std::vector<float> logits;
  for (Token i = 0; i < size; ++i) {
    logits.push_back(static_cast<float>(16.0 * UniformNoise({.seed = seed}, i) - 6.0));
  }
  return logits;
}

RC_GTEST_PROP(SamplerAgreement, SameCandidatesSameProbabilities, (uint64_t seed)) {
  const std::vector<float> logits = SomeLogits(seed, *rc::gen::element(1, 7, 64, 500));
  const auto history =
      *rc::gen::container<std::vector<Token>>(rc::gen::inRange<Token>(0, static_cast<Token>(logits.size())));
  const SamplingParams params{.temperature = *rc::gen::element(0.1f, 0.7f, 0.8f, 1.0f, 1.6f),
                              .top_k = *rc::gen::element(0, 1, 5, 40),
                              .top_p = *rc::gen::element(0.1f, 0.5f, 0.95f, 1.0f),
                              .min_p = *rc::gen::element(0.0f, 0.05f, 0.3f),
                              .repeat_penalty = *rc::gen::element(1.0f, 0.9f, 1.1f, 1.5f),
                              .frequency_penalty = *rc::gen::element(0.0f, 0.4f, -0.2f),
                              .presence_penalty = *rc::gen::element(0.0f, 0.6f, -0.3f),
                              .repeat_last_n = *rc::gen::element(0, 3, 64)};
  RC_PRE(Margin(params, logits, history) > 1e-5);
  const Law theirs = TheirLaw(params, logits, history);
  const Distribution ours = OurLaw(params, logits, history);
  RC_ASSERT(ours.size() == theirs.size());
  for (const Candidate& c : ours) {
    RC_ASSERT(theirs.contains(c.id));
    RC_ASSERT(std::abs(c.p - theirs.at(c.id)) < 1e-5);
  }
}

TEST(SamplerAgreement, TemperatureZeroLeavesTheSameToken) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<float> logits = SomeLogits(seed, 300);
    const SamplingParams params{.temperature = 0.0f, .repeat_penalty = 1.3f};
    const std::vector<Token> history{1, 2, 3, 200, 200};
    const Law theirs = TheirLaw(params, logits, history);
    ASSERT_EQ(theirs.size(), 1u);
    EXPECT_EQ(OurLaw(params, logits, history).front().id, theirs.begin()->first);
  }
}

// The defaults of base/sampling_params.h are those of llama.cpp's programs (common/common.h); libllama's
// interface has none to compare with, so they are written down here.
TEST(SamplerAgreement, DefaultsAreLlamaCpps) {
  const SamplingParams params;
  EXPECT_EQ(params.temperature, 0.80f);
  EXPECT_EQ(params.top_k, 40);
  EXPECT_EQ(params.top_p, 0.95f);
  EXPECT_EQ(params.min_p, 0.05f);
  EXPECT_EQ(params.repeat_penalty, 1.0f);
  EXPECT_EQ(params.frequency_penalty, 0.0f);
  EXPECT_EQ(params.presence_penalty, 0.0f);
  EXPECT_EQ(params.repeat_last_n, 64);
}

}  // namespace
}  // namespace tandem
