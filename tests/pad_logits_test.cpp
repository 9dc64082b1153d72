// A padded model is the same function: its logits are the original's bit for bit, in our engine and in
// libllama, in bulk, in small nodes and in single rows. Zero blocks at a row's end add zeros to sums that are
// otherwise made in the same order; that holds as long as the original row fills whole steps of the CPU's dot
// product, as widths of 64 and more do.
#include <gtest/gtest.h>

#include "model/pad_model.h"
#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

struct PadCase {
  const char* name;
  const char* model;  // a demo model, or null: a random one of `type`
  ggml_type type = GGML_TYPE_F32;
  const char* arch = "";
};

void PrintTo(const PadCase& pad, std::ostream* out) {
  *out << pad.name;
}

class PadLogits : public ::testing::TestWithParam<PadCase> {
 protected:
  void SetUp() override {
    if (GetParam().model != nullptr) {
      original_ = DemoModel(GetParam().model).path;
    } else {
      WriteModel(SmallModel(GetParam().type, GetParam().arch), random_.path());
      original_ = random_.path();
    }
    const auto report = PadModel({original_, 9, 1280}, padded_.path());
    ASSERT_TRUE(report) << report.error().message;
  }

  TempFile random_, padded_;
  std::string original_;
};

TEST_P(PadLogits, AreTheOriginalsInTheEngine) {
  EngineRun original(original_, {}), padded(padded_.path(), {});
  ASSERT_GT(padded.model().hparams().layers, original.model().hparams().layers);
  const std::vector<Token> tokens = SomeTokens(128 + 21 + 3, original.info().vocab_size);
  const std::span<const Token> all(tokens);
  EXPECT_SAME_LOGITS(padded.Append(all.first(128), true), original.Append(all.first(128), true));
  EXPECT_SAME_LOGITS(padded.Append(all.subspan(128, 21)), original.Append(all.subspan(128, 21)));
  for (const Token& token : all.last(3)) {
    EXPECT_SAME_LOGITS(padded.Append({&token, 1}), original.Append({&token, 1}));
  }
}

TEST_P(PadLogits, AreTheOriginalsInLibllama) {
  PeerRun original(original_, {}), padded(padded_.path(), {});
  const int vocab = 512;
  const std::vector<Token> tokens = SomeTokens(40, vocab);
  EXPECT_SAME_LOGITS(padded.Append(tokens, vocab), original.Append(tokens, vocab));
  EXPECT_SAME_LOGITS(padded.Append({tokens.data(), 1}, vocab), original.Append({tokens.data(), 1}, vocab));
}

INSTANTIATE_TEST_SUITE_P(Models, PadLogits,
                         ::testing::Values(PadCase{"demo_target", "demo-target-q8_0.gguf"},
                                           PadCase{"demo_draft", "demo-draft-q8_0.gguf"},
                                           PadCase{"random_q4_0", nullptr, GGML_TYPE_Q4_0},
                                           PadCase{"random_q4_k", nullptr, GGML_TYPE_Q4_K},
                                           PadCase{"random_q8_0", nullptr, GGML_TYPE_Q8_0},
                                           PadCase{"random_f16", nullptr, GGML_TYPE_F16},
                                           PadCase{"random_f32", nullptr, GGML_TYPE_F32},
                                           PadCase{"gptneox", nullptr, GGML_TYPE_Q8_0, "gptneox"},
                                           PadCase{"gpt2", nullptr, GGML_TYPE_Q8_0, "gpt2"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace tandem::testing
