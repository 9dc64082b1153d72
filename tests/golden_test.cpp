// Our engine against float64 references that share no code with ggml (../shared/golden): logits, their
// logsumexp, and the length of the hidden row after every stage.
//
// The references dequantise the weights and keep everything else exact; ggml rounds activations to 8 bits for
// Q8_0 weights, keeps keys and values in F16 and sums in F32. So the bounds are those of the weight type:
// about twice what was measured on AVX-512.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

struct GoldenCase {
  const char* name;
  FoundFile (*find)(const std::string&);
  const char* model;
  double logit;   // largest absolute error of a top-8 logit, and of the logsumexp
  double hidden;  // largest relative error of a hidden row's length
};

void PrintTo(const GoldenCase& golden, std::ostream* out) {
  *out << golden.name;
}

class Golden : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    const FoundFile model = GetParam().find(GetParam().model);
    const FoundFile reference = SharedFile(std::string("golden/") + GetParam().name + ".json");
    if (model.path.empty()) GTEST_SKIP() << model.missing;
    if (reference.path.empty()) GTEST_SKIP() << reference.missing;
    path_ = model.path;
    std::ifstream(reference.path) >> reference_;
    ids_ = reference_.at("ids").get<std::vector<Token>>();
  }

  std::string path_;
  nlohmann::json reference_;
  std::vector<Token> ids_;
};

double LogSumExp(std::span<const float> logits) {
  double largest = -1e300, sum = 0;
  for (const float v : logits) largest = std::max<double>(largest, v);
  for (const float v : logits) sum += std::exp(v - largest);
  return largest + std::log(sum);
}

double Length(std::span<const float> row) {
  double sum = 0;
  for (const float v : row) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

TEST_P(Golden, Logits) {
  EngineRun run(path_, {});
  const Rows logits = run.Append(ids_);
  const size_t vocab = static_cast<size_t>(run.info().vocab_size);
  ASSERT_EQ(reference_.at("top").size(), ids_.size());
  double worst = 0, worst_sum = 0;
  for (size_t i = 0; i < ids_.size(); ++i) {
    const std::span<const float> row = std::span(logits).subspan(i * vocab, vocab);
    for (const auto& [id, value] : reference_["top"][i].get<std::vector<std::pair<size_t, double>>>()) {
      worst = std::max(worst, std::abs(row[id] - value));
    }
    worst_sum = std::max(worst_sum, std::abs(LogSumExp(row) - reference_["logsumexp"][i].get<double>()));
  }
  RecordProperty("largest_logit_error", std::to_string(worst));
  EXPECT_LE(worst, GetParam().logit);
  EXPECT_LE(worst_sum, GetParam().logit);
}

// Stage k is the range [0, k + 1): the embedding and k layers.
TEST_P(Golden, HiddenRowsOfEveryStage) {
  const auto& stages = reference_.at("hidden_l2_by_stage");
  double worst = 0;
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    const auto model = Model::Load(path_, {.stages = StageRange{0, static_cast<int>(stage) + 1}});
    ASSERT_TRUE(model) << model.error().message;
    EngineRun run(*model, {});
    const int n = static_cast<int>(ids_.size());
    const StageRows rows{run.seq(), 0, n, false, n};
    const Result<LogitsView> hidden = run.engine().StepStages({{&rows, 1}, ids_, {}});
    ASSERT_TRUE(hidden) << hidden.error().message;
    ASSERT_EQ(hidden->rows(), n);
    for (int i = 0; i < n; ++i) {
      const double expected = stages[stage][static_cast<size_t>(i)];
      worst = std::max(worst, std::abs(Length((*hidden)[i]) - expected) / expected);
    }
  }
  RecordProperty("largest_relative_length_error", std::to_string(worst));
  EXPECT_LE(worst, GetParam().hidden);
}

INSTANTIATE_TEST_SUITE_P(
    Models, Golden,
    ::testing::Values(GoldenCase{"demo-target-q8_0", DemoModel, "demo-target-q8_0.gguf", 0.5, 0.02},
                      GoldenCase{"stories15M-f16", SharedFile, "models/stories15M-f16.gguf", 0.016, 0.001},
                      GoldenCase{"stories260K-f32", SharedFile, "models/stories260K-f32.gguf", 0.024,
                                 0.0015}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace tandem::testing
