// Files of gptneox and gpt2 whose figures or tensors do not fit together: one sentence each, with the figure.
#include <gtest/gtest.h>

#include "model/gguf_file.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

class ArchRefusals : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto& [arch, file] : {std::pair{"gptneox", &neox_}, {"gpt2", &gpt2_}}) {
      file->emplace();
      RandomModelSpec spec = SmallModel(GGML_TYPE_Q8_0, arch);
      spec.layers = 1;
      WriteModel(spec, (*file)->path());
    }
  }
  static void TearDownTestSuite() {
    neox_.reset();
    gpt2_.reset();
  }

  // What is said of `from` with changed metadata and more tensors.
  static std::string Complaint(const TempFile& from, const std::function<void(GgufMetadata&)>& edit,
                               const std::vector<ExtraTensor>& extra = {}) {
    const TempFile changed;
    CopyModel(from.path(), changed.path(), edit, extra);
    const auto file = OpenGguf(changed.path());
    if (!file) return file.error().message;
    const auto shape = CheckModel(file->header());
    return shape ? "passes" : shape.error().message;
  }
  static std::string Neox(const std::function<void(GgufMetadata&)>& edit) { return Complaint(*neox_, edit); }
  static std::string Gpt2(const std::function<void(GgufMetadata&)>& edit) { return Complaint(*gpt2_, edit); }

  static inline std::optional<TempFile> neox_, gpt2_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(ArchRefusals, TheOriginalsPass) {
  EXPECT_EQ(Neox([](auto&) {}), "passes");
  EXPECT_EQ(Gpt2([](auto&) {}), "passes");
}

TEST_F(ArchRefusals, FiguresOfGptNeox) {
  const auto turning = [](uint32_t n) {
    return Neox([=](GgufMetadata& m) { m.SetU32("gptneox.rope.dimension_count", n); });
  };
  EXPECT_EQ(turning(64), "passes");
  EXPECT_SAYS(turning(15), "RoPE turns 15 of 64");
  EXPECT_SAYS(turning(66), "RoPE turns 66 of 64");
  EXPECT_SAYS(turning(0), "'gptneox.rope.dimension_count' is 0");
  EXPECT_SAYS(Neox([](auto& m) { m.Remove("gptneox.use_parallel_residual"); }), "residual' is missing");
  EXPECT_SAYS(Neox([](auto& m) { m.SetU32("gptneox.use_parallel_residual", 1); }), "use_parallel_residual");
  EXPECT_SAYS(Neox([](auto& m) { m.Remove("gptneox.attention.layer_norm_epsilon"); }), "epsilon' is missing");
  EXPECT_SAYS(Neox([](auto& m) { m.SetF32("gptneox.attention.layer_norm_epsilon", -1); }), "is -1");
  EXPECT_SAYS(Neox([](auto& m) { m.SetU32("gptneox.expert_count", 8); }), "8 experts");
  // The fused product's width follows the heads.
  EXPECT_SAYS(Neox([](auto& m) { m.SetU32("gptneox.attention.head_count_kv", 4); }),
              "'blk.0.attn_qkv.weight' has the shape 256 x 512, expected 256 x 768");
}

TEST_F(ArchRefusals, FiguresOfGpt2) {
  EXPECT_SAYS(Gpt2([](auto& m) { m.SetU32("gpt2.context_length", 2048); }),
              "'position_embd.weight' has the shape 256 x 1024, expected 256 x 2048");
  EXPECT_SAYS(Gpt2([](auto& m) { m.SetU32("gpt2.feed_forward_length", 1024); }), "expected 256 x 1024");
  EXPECT_SAYS(Gpt2([](auto& m) { m.SetU32("gpt2.block_count", 2); }), "'blk.1.attn_norm.weight' is missing");
}

TEST_F(ArchRefusals, TensorsOfAnotherArchitecture) {
  const auto nothing = [](GgufMetadata&) {};
  EXPECT_SAYS(Complaint(*gpt2_, nothing, {{"blk.0.attn_q_norm.weight", std::vector<float>(64)}}),
              "'blk.0.attn_q_norm.weight' has no place in the architecture gpt2");
  EXPECT_SAYS(Complaint(*neox_, nothing, {{"rope_freqs.weight", std::vector<float>(8)}}), "has no place");
  EXPECT_SAYS(Gpt2([](auto& m) { m.SetText("general.architecture", "gptneox"); }), "'gptneox.");
}

// A tied GPT-2 with the figures of a GPT-NeoX: libllama wants a head of its own there.
TEST_F(ArchRefusals, GptNeoxWithoutAHead) {
  EXPECT_SAYS(Gpt2([](auto& m) {
                m.SetText("general.architecture", "gptneox");
                for (const auto& [key, value] : std::vector(m.entries())) {
                  if (key.starts_with("gpt2.")) m.Set("gptneox." + key.substr(5), value);
                }
                m.SetBool("gptneox.use_parallel_residual", true);
              }),
              "'output.weight' is missing");
}

}  // namespace
}  // namespace tandem::testing
