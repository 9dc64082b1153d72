// "One seed, one text" at its root: with exact = true a row's logits are the same bits however the small rows
// of a step are grouped, whatever other sequences stand in it, and on one thread or two. Every weight type
// that llama.cpp's quantiser writes is its own case, because its kernels are (tests/kernel_rows_test.cpp).
#include <gtest/gtest.h>
#include <llama.h>

#include <optional>
#include <random>

#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

constexpr int kSequences = 3, kSmallRows = 80, kPlans = 2;

// A sequence with its text and where it stands in it.
struct Writer {
  SeqId seq = 0;
  int bulk = 0;  // rows of the prompt's bulk, a multiple of 64
  std::vector<Token> text;
  Pos at = 0;
  Rows logits;  // of all small rows so far

  int Left() const { return static_cast<int>(text.size()) - at; }
};

struct FileCase {
  const char* name;
  int file_type;  // llama_ftype, or -1 for a random model of `type` as it is
  ggml_type type = GGML_TYPE_F32;
  int bulk = 64;  // of the first sequence; the others have 64 and 128 more
  const char* arch = "";
};

void PrintTo(const FileCase& file, std::ostream* out) {
  *out << file.name;
}

class Invariance : public ::testing::TestWithParam<FileCase> {
 protected:
  void SetUp() override {
    if (GetParam().file_type >= 0) {
      WriteQuantised(GetParam().file_type, file_.path());
    } else {
      WriteModel(SmallModel(GetParam().type, GetParam().arch), file_.path());
    }
    auto model = Model::Load(file_.path());
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
  }

  std::unique_ptr<GgmlEngine> Start(int threads) const {
    GgmlEngineOptions options;
    options.max_sequences = kSequences;
    options.threads = threads;
    auto engine = GgmlEngine::Create(model_, options);
    EXPECT_TRUE(engine) << engine.error().message;
    return std::move(*engine);
  }

  // Sequences with their bulk in the cache.
  std::vector<Writer> Open(GgmlEngine& engine) const {
    std::vector<Writer> writers;
    for (int i = 0; i < kSequences; ++i) {
      Writer writer;
      writer.seq = *engine.Open();
      writer.bulk = GetParam().bulk + 64 * i;
      writer.text = SomeTokens(writer.bulk + kSmallRows, engine.info().vocab_size, i + 1);
      while (writer.at < writer.bulk) {
        Step(engine, {&writer}, {std::min(writer.bulk - writer.at, engine.info().max_rows)}, true);
      }
      writers.push_back(std::move(writer));
    }
    return writers;
  }

  // One step: `rows[i]` rows of `who[i]`, logits kept for small rows.
  static void Step(GgmlEngine& engine, const std::vector<Writer*>& who, const std::vector<int>& rows,
                   bool bulk) {
    std::vector<SeqRows> batch;
    for (size_t i = 0; i < who.size(); ++i) {
      const auto text = std::span<const Token>(who[i]->text).subspan(static_cast<size_t>(who[i]->at));
      batch.push_back(
          {who[i]->seq, who[i]->at, text.first(static_cast<size_t>(rows[i])), bulk, bulk ? 0 : rows[i]});
    }
    const Result<LogitsView> logits = engine.Step(batch);
    ASSERT_TRUE(logits) << logits.error().message;
    int row = 0;
    for (size_t i = 0; i < who.size(); ++i) {
      who[i]->at += rows[i];
      for (int k = 0; k < (bulk ? 0 : rows[i]); ++k, ++row) {
        who[i]->logits.insert(who[i]->logits.end(), (*logits)[row].begin(), (*logits)[row].end());
      }
    }
  }

  // Every sequence to its end, in steps of a random set of sequences with random numbers of rows.
  static void WriteAtRandom(GgmlEngine& engine, std::vector<Writer>& writers, uint32_t seed) {
    std::mt19937 random(seed);
    for (;;) {
      std::vector<Writer*> who;
      std::vector<int> rows;
      bool left = false;
      for (Writer& writer : writers) {
        left = left || writer.Left() > 0;
        if (writer.Left() == 0 || random() % 4 == 0) continue;
        // Mostly drafts of a few rows, sometimes a whole tail of a prompt or a second small node.
        const int most = random() % 6 == 0 ? 80 : 9;
        who.push_back(&writer);
        rows.push_back(
            std::min<int>(writer.Left(), 1 + static_cast<int>(random() % static_cast<unsigned>(most))));
      }
      if (!left) return;
      if (!who.empty()) Step(engine, who, rows, false);
    }
  }

  TempFile file_;
  std::shared_ptr<const Model> model_;
};

TEST_P(Invariance, AnyGroupingAndAnyCompanyGiveTheSameLogits) {
  const auto engine = Start(1);
  ASSERT_TRUE(engine->info().exact) << engine->info().exact_note;
  std::vector<Writer> alone = Open(*engine);
  for (Writer& writer : alone) {
    while (writer.Left() > 0) Step(*engine, {&writer}, {1}, false);
  }
  for (uint32_t plan = 0; plan < kPlans; ++plan) {
    SCOPED_TRACE(fmt::format("plan {}", plan));
    std::vector<Writer> together = alone;
    for (Writer& writer : together) {
      writer.at = writer.bulk;
      writer.logits.clear();
      ASSERT_TRUE(engine->Truncate(writer.seq, writer.bulk));
    }
    WriteAtRandom(*engine, together, plan);
    for (int i = 0; i < kSequences; ++i) {
      SCOPED_TRACE(fmt::format("sequence {}", i));
      EXPECT_SAME_LOGITS(together[static_cast<size_t>(i)].logits, alone[static_cast<size_t>(i)].logits);
    }
  }
}

std::string NameOf(const ::testing::TestParamInfo<FileCase>& info) {
  return info.param.name;
}

// A long case's sequences cross the position where ggml splits lone queries.
const FileCase kQ8{"q8_0", -1, GGML_TYPE_Q8_0}, kQ8Long{"q8_0_long", -1, GGML_TYPE_Q8_0, 448},
    kQ4K{"q4_k", -1, GGML_TYPE_Q4_K}, kF16{"f16", -1, GGML_TYPE_F16},
    kGptNeox{"gptneox", -1, GGML_TYPE_Q4_K, 64, "gptneox"}, kGpt2{"gpt2", -1, GGML_TYPE_F16, 64, "gpt2"},
    kGpt2Long{"gpt2_long", -1, GGML_TYPE_Q8_0, 448, "gpt2"};

INSTANTIATE_TEST_SUITE_P(Files, Invariance,
                         ::testing::Values(kQ8, kQ8Long, kQ4K, kF16, kGptNeox, kGpt2, kGpt2Long,
                                           FileCase{"q4_0", -1, GGML_TYPE_Q4_0},
                                           FileCase{"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M},
                                           FileCase{"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS}),
                         NameOf);

INSTANTIATE_TEST_SUITE_P(SlowFiles, Invariance,
                         ::testing::Values(FileCase{"f32", -1, GGML_TYPE_F32},
                                           FileCase{"bf16", LLAMA_FTYPE_MOSTLY_BF16},
                                           FileCase{"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},
                                           FileCase{"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M},
                                           FileCase{"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M},
                                           FileCase{"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},
                                           FileCase{"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
                                           FileCase{"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL},
                                           FileCase{"q4_0_long", -1, GGML_TYPE_Q4_0, 448},
                                           FileCase{"q4_k_long", -1, GGML_TYPE_Q4_K, 448},
                                           FileCase{"f16_long", -1, GGML_TYPE_F16, 448}),
                         NameOf);

class InvarianceOfThreads : public Invariance {};

TEST_P(InvarianceOfThreads, TwoThreadsGiveTheLogitsOfOne) {
  std::vector<std::vector<Writer>> runs;
  for (const int threads : {1, 2}) {
    const auto engine = Start(threads);
    runs.push_back(Open(*engine));
    WriteAtRandom(*engine, runs.back(), 99);
  }
  for (size_t i = 0; i < kSequences; ++i) EXPECT_SAME_LOGITS(runs[1][i].logits, runs[0][i].logits);
}

INSTANTIATE_TEST_SUITE_P(Files, InvarianceOfThreads, ::testing::Values(kQ8Long, kQ4K, kF16, kGptNeox, kGpt2),
                         NameOf);

}  // namespace
}  // namespace tandem::testing
