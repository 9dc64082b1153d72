// Our graph against libllama's on the same file: the same logits, bit for bit, at every row count that both
// can be given.
//
// Where the engine computes a row differently on purpose, so that its bits do not depend on the batch (exact
// = true), it is compared with libllama at the row count that ours is padded to: F16 and F32 weights at two
// rows, repacked Q4_K at four, and any lone row past 512 cached positions at two. With exact = false a lone
// row before those is libllama's lone row.
#include <gtest/gtest.h>
#include <llama.h>

#include <optional>

#include "decode/row_rule.h"
#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

constexpr int kBulk = 128, kSmall = 40, kSingles = 8;

struct ModelCase {
  std::string name;
  std::function<FoundFile(const TempFile&)> make;  // may write to the temporary file
};

void PrintTo(const ModelCase& model, std::ostream* out) {
  *out << model.name;
}

ModelCase Found(const std::string& name, FoundFile (*find)(const std::string&), const std::string& file) {
  return {name, [=](const TempFile&) { return find(file); }};
}

ModelCase Random(const std::string& name, ggml_type type, const std::string& arch = "") {
  return {name, [=](const TempFile& file) {
            WriteModel(SmallModel(type, arch), file.path());
            return FoundFile{file.path(), ""};
          }};
}

ModelCase Quantised(const std::string& name, llama_ftype type) {
  return {name, [=](const TempFile& file) {
            WriteQuantised(type, file.path());
            return FoundFile{file.path(), ""};
          }};
}

// A copy of `base` with other metadata and tensors.
ModelCase Edited(const std::string& name, const std::string& base,
                 const std::function<void(GgufMetadata&, const std::string& arch)>& edit,
                 const std::vector<ExtraTensor>& extra = {}) {
  return {name, [=](const TempFile& file) -> FoundFile {
            const std::string arch = base.substr(0, base.find('-'));
            const bool is_fixture = base.ends_with("-dense.gguf");
            TempFile made;
            FoundFile from{made.path(), ""};
            if (is_fixture) {
              from = Fixture(base);
            } else {
              WriteModel(SmallModel(GGML_TYPE_Q8_0, arch), made.path());
            }
            if (from.path.empty()) return from;
            CopyModel(
                from.path, file.path(), [&](GgufMetadata& m) { edit(m, arch + "."); }, extra);
            return {file.path(), ""};
          }};
}

// Small ones are tied, as the demo target is; one that is like a GPT-NeoX has a head of its own.
ModelCase UntiedGpt2() {
  return {"gpt2_untied", [](const TempFile& file) {
            const TempFile neox;
            WriteModel(SmallModel(GGML_TYPE_Q8_0, "gptneox"), neox.path());
            RandomModelSpec spec = SmallModel(GGML_TYPE_Q8_0, "gpt2");
            spec.like = neox.path();
            WriteModel(spec, file.path());
            return FoundFile{file.path(), ""};
          }};
}

void Linear(GgufMetadata& m, const std::string& arch) {
  m.SetText(arch + "rope.scaling.type", "linear");
  m.SetF32(arch + "rope.scaling.factor", 4.0f);
}

void Yarn(GgufMetadata& m, const std::string& arch) {
  m.SetText(arch + "rope.scaling.type", "yarn");
  m.SetF32(arch + "rope.scaling.factor", 4.0f);
  m.SetU32(arch + "rope.scaling.original_context_length", 64);
}

void YarnWithAttnFactor(GgufMetadata& m, const std::string& arch) {
  Yarn(m, arch);
  m.SetF32(arch + "rope.scaling.attn_factor", 1.25f);
}

void NoScaling(GgufMetadata& m, const std::string& arch) {
  m.SetText(arch + "rope.scaling.type", "none");
  m.SetF32(arch + "rope.scaling.factor", 4.0f);
}

void OtherBase(GgufMetadata& m, const std::string& arch) {
  m.SetF32(arch + "rope.freq_base", 500000.0f);
}

void Sequential(GgufMetadata& m, const std::string& arch) {
  m.SetBool(arch + "use_parallel_residual", false);
}

void AllTurns(GgufMetadata& m, const std::string& arch) {
  m.SetU32(arch + "rope.dimension_count", 64);
}

// Llama 3's kind: long waves slowed down, short ones kept.
ExtraTensor Llama3Factors() {
  ExtraTensor tensor{"rope_freqs.weight", {}};
  for (int i = 0; i < 32; ++i)
    tensor.values.push_back(i < 12 ? 1.0f : i < 20 ? 1.0f + 0.5f * static_cast<float>(i) : 8.0f);
  return tensor;
}

std::vector<ModelCase> Cases() {
  return {
      Found("demo_target", DemoModel, "demo-target-q8_0.gguf"),
      Found("demo_draft", DemoModel, "demo-draft-q8_0.gguf"),
      Found("stories15M_q8_0", SharedFile, "models/stories15M-q8_0.gguf"),
      Found("stories15M_f16", SharedFile, "models/stories15M-f16.gguf"),
      Found("stories260K_f32", SharedFile, "models/stories260K-f32.gguf"),
      Found("fixture_llama", Fixture, "llama-dense.gguf"),
      Found("fixture_qwen2", Fixture, "qwen2-dense.gguf"),
      Found("fixture_qwen3", Fixture, "qwen3-dense.gguf"),
      Found("fixture_gptneox", Fixture, "gptneox-dense.gguf"),
      Found("fixture_gpt2", Fixture, "gpt2-dense.gguf"),
      Random("random_q4_0", GGML_TYPE_Q4_0),
      Random("random_q4_k", GGML_TYPE_Q4_K),
      Random("random_q8_0", GGML_TYPE_Q8_0),
      Random("random_f16", GGML_TYPE_F16),
      Random("random_f32", GGML_TYPE_F32),
      Quantised("q4_k_m_file", LLAMA_FTYPE_MOSTLY_Q4_K_M),
      Quantised("iq4_xs_file", LLAMA_FTYPE_MOSTLY_IQ4_XS),
      Edited("rope_linear", "llama-small", Linear),
      Edited("rope_yarn", "llama-small", Yarn),
      Edited("rope_yarn_attn", "llama-small", YarnWithAttnFactor),
      Edited("rope_none", "llama-small", NoScaling),
      Edited("rope_base", "llama-small", OtherBase),
      Edited("rope_llama3", "llama-small", OtherBase, {Llama3Factors()}),
      Edited("qwen2_linear", "qwen2-dense.gguf", Linear),
      Edited("qwen2_yarn", "qwen2-dense.gguf", Yarn),
      Edited("qwen3_yarn", "qwen3-dense.gguf", YarnWithAttnFactor),
      Random("gptneox_q4_k", GGML_TYPE_Q4_K, "gptneox"),
      Random("gptneox_q8_0", GGML_TYPE_Q8_0, "gptneox"),
      Random("gptneox_f16", GGML_TYPE_F16, "gptneox"),
      Edited("gptneox_sequential", "gptneox-small", Sequential),
      Edited("gptneox_all_turns", "gptneox-small", AllTurns),
      Edited("gptneox_yarn", "gptneox-small", YarnWithAttnFactor),
      Random("gpt2_q4_k", GGML_TYPE_Q4_K, "gpt2"),
      Random("gpt2_q8_0", GGML_TYPE_Q8_0, "gpt2"),
      Random("gpt2_f16", GGML_TYPE_F16, "gpt2"),
      UntiedGpt2(),
  };
}

class Agreement : public ::testing::TestWithParam<ModelCase> {
 protected:
  void SetUp() override {
    const FoundFile found = GetParam().make(file_);
    if (found.path.empty()) GTEST_SKIP() << found.missing;
    path_ = found.path;
  }

  EngineRun Ours(bool exact) const {
    GgmlEngineOptions options;
    options.exact = exact;
    return EngineRun(path_, options);
  }
  PeerRun Theirs() const { return PeerRun(path_, {}); }

  TempFile file_;
  std::string path_;
};

// 128 rows in bulk, 40 in one small node, 8 alone.
void ExpectAgreement(EngineRun ours, PeerRun theirs) {
  const int vocab = ours.info().vocab_size;
  const RowRule rule = RowRuleOf(ours.model());
  const std::vector<Token> tokens = SomeTokens(kBulk + kSmall + kSingles, vocab);
  const std::span<const Token> all(tokens);
  EXPECT_SAME_LOGITS(ours.Append(all.first(kBulk), true), theirs.Append(all.first(kBulk), vocab));
  EXPECT_SAME_LOGITS(ours.Append(all.subspan(kBulk, kSmall)),
                     theirs.Append(all.subspan(kBulk, kSmall), vocab));
  for (const Token& token : all.last(kSingles)) {
    EXPECT_SAME_LOGITS(ours.Append({&token, 1}), theirs.AppendInBatchOf(rule.Pad(1), token, vocab));
  }
}

TEST_P(Agreement, BulkSmallAndSingleRowsAreLibllamas) {
  ExpectAgreement(Ours(true), Theirs());
}

TEST_P(Agreement, WithoutExactnessALoneRowIsLibllamasLoneRow) {
  EngineRun ours = Ours(false);
  PeerRun theirs = Theirs();
  const int vocab = ours.info().vocab_size;
  for (const Token& token : SomeTokens(kSingles, vocab)) {
    EXPECT_SAME_LOGITS(ours.Append({&token, 1}), theirs.Append({&token, 1}, vocab));
  }
}

// What exactness changes for a lone row, against libllama's lone row: nothing for most types, and rounding
// for the others.
TEST_P(Agreement, ExactnessMovesALoneRowByRoundingOnly) {
  EngineRun ours = Ours(true);
  PeerRun theirs = Theirs();
  const int vocab = ours.info().vocab_size;
  const bool padded = !(RowRuleOf(ours.model()) == RowRule{});
  const std::vector<Token> tokens = SomeTokens(kSmall + kSingles, vocab);
  const Rows prefix = ours.Append(std::span(tokens).first(kSmall));
  theirs.Append(std::span(tokens).first(kSmall), vocab);
  double scale = 0;
  for (const float logit : prefix) scale = std::max(scale, std::abs(static_cast<double>(logit)));
  for (const Token& token : std::span(tokens).last(kSingles)) {
    const Difference difference = Compare(ours.Append({&token, 1}), theirs.Append({&token, 1}, vocab));
    if (!padded) {
      EXPECT_EQ(difference.values, 0u) << difference.Text();
    }
    // Random weights amplify rounding; measured: below 0.6 % of the largest logit.
    EXPECT_LE(difference.largest, 0.02 * scale) << difference.Text();
  }
}

INSTANTIATE_TEST_SUITE_P(SlowModels, Agreement,
                         ::testing::Values(Quantised("q2_k_file", LLAMA_FTYPE_MOSTLY_Q2_K),
                                           Quantised("q3_k_m_file", LLAMA_FTYPE_MOSTLY_Q3_K_M),
                                           Quantised("q5_k_m_file", LLAMA_FTYPE_MOSTLY_Q5_K_M),
                                           Quantised("q6_k_file", LLAMA_FTYPE_MOSTLY_Q6_K),
                                           Quantised("iq4_nl_file", LLAMA_FTYPE_MOSTLY_IQ4_NL),
                                           Quantised("q5_0_file", LLAMA_FTYPE_MOSTLY_Q5_0),
                                           Quantised("bf16_file", LLAMA_FTYPE_MOSTLY_BF16)),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Models, Agreement, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(AgreementOnTwoThreads, DemoTarget) {
  const std::string path = DemoModel("demo-target-q8_0.gguf").path;
  GgmlEngineOptions options;
  options.threads = 2;
  ExpectAgreement(EngineRun(path, options), PeerRun(path, {0, 2, 512, true}));
}

// Past 512 cached positions ggml splits a lone query's work among its threads (so it takes two to see it);
// the engine computes it twice instead, as one of two rows.
class LongAgreement : public ::testing::TestWithParam<ggml_type> {};

TEST_P(LongAgreement, PastTheSplitALoneRowIsOneOfTwo) {
  TempFile file;
  WriteModel(SmallModel(GetParam()), file.path());
  GgmlEngineOptions options;
  options.threads = 2;
  EngineRun ours(file.path(), options);
  PeerRun theirs(file.path(), {0, 2, 512, true});
  const int vocab = ours.info().vocab_size, pad = std::max(2, RowRuleOf(ours.model()).Pad(1));
  const std::vector<Token> tokens = SomeTokens(512 + kSingles, vocab);
  const std::span<const Token> all(tokens);
  EXPECT_SAME_LOGITS(ours.Append(all.first(512), true), theirs.Append(all.first(512), vocab));
  for (const Token& token : all.last(kSingles)) {
    EXPECT_SAME_LOGITS(ours.Append({&token, 1}), theirs.AppendInBatchOf(pad, token, vocab));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, LongAgreement,
                         ::testing::Values(GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q8_0, GGML_TYPE_F16),
                         [](const auto& test) { return std::string(ggml_type_name(test.param)); });

}  // namespace
}  // namespace tandem::testing
