// The engine's own promises on small models: whatever the grouping of rows, the logits are the same bits.
// (Wider suites: tests/agreement_test.cpp and its neighbours.)
#include "decode/ggml_engine.h"

#include <gtest/gtest.h>
#include <llama.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "model/random_model.h"

namespace tandem {
namespace {

const std::string kTarget = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

using Rows = std::vector<float>;

std::shared_ptr<const Model> Load(const std::string& path, const LoadOptions& options = {}) {
  auto model = Model::Load(path, options);
  EXPECT_TRUE(model) << model.error().message;
  return model.value_or(nullptr);
}

std::unique_ptr<GgmlEngine> Start(std::shared_ptr<const Model> model, GgmlEngineOptions options = {}) {
  auto engine = GgmlEngine::Create(std::move(model), options);
  EXPECT_TRUE(engine) << engine.error().message;
  return std::move(*engine);
}

std::vector<Token> SomeTokens(int n, int vocab, uint32_t seed = 1) {
  std::vector<Token> tokens(static_cast<size_t>(n));
  for (Token& t : tokens) {
    seed = seed * 1664525u + 1013904223u;
    t = static_cast<Token>((seed >> 8) % static_cast<uint32_t>(vocab));
  }
  return tokens;
}

Rows Copy(const LogitsView& view) {
  Rows out;
  for (int row = 0; row < view.rows(); ++row) out.insert(out.end(), view[row].begin(), view[row].end());
  return out;
}

// Appends `tokens` and returns the logits of all of them.
Rows Append(GgmlEngine& engine, SeqId seq, std::span<const Token> tokens, bool bulk = false) {
  const SeqRows rows{seq, engine.Length(seq), tokens, bulk, static_cast<int>(tokens.size())};
  auto view = engine.Step({&rows, 1});
  EXPECT_TRUE(view) << view.error().message;
  return view ? Copy(*view) : Rows{};
}

// The same in steps of `block` rows.
Rows AppendInBlocks(GgmlEngine& engine, SeqId seq, std::span<const Token> tokens, size_t block,
                    bool bulk = false) {
  Rows all;
  for (size_t at = 0; at < tokens.size(); at += block) {
    const Rows part = Append(engine, seq, tokens.subspan(at, std::min(block, tokens.size() - at)), bulk);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// Number of values that are not the same bits; everything when the sizes differ or there is nothing to
// compare.
size_t Differing(const Rows& a, const Rows& b) {
  if (a.size() != b.size() || a.empty()) return std::max<size_t>(1, std::max(a.size(), b.size()));
  size_t n = 0;
  for (size_t i = 0; i < a.size(); ++i) n += std::memcmp(&a[i], &b[i], sizeof(float)) != 0;
  return n;
}

// A small random model with a context of 1024, so that sequences pass 512 cached positions.
class RandomWeights : public testing::TestWithParam<ggml_type> {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("engine.{}.{}.gguf", ggml_type_name(GetParam()), getpid());
    RandomModelSpec spec;
    spec.like = kDraft;
    spec.layers = 2;
    spec.width = 256;
    spec.heads = 4;
    spec.kv_heads = 2;
    spec.ff = 512;
    spec.vocab = 512;
    spec.context = 1024;
    spec.type = GetParam();
    spec.seed = 7;
    ASSERT_TRUE(WriteRandomModel(spec, path_));
    model_ = Load(path_);
    ASSERT_TRUE(model_);
    tokens_ = SomeTokens(620, 512);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::span<const Token> Tokens(size_t begin, size_t end) const {
    return std::span<const Token>(tokens_).subspan(begin, end - begin);
  }

  std::string path_;
  std::shared_ptr<const Model> model_;
  std::vector<Token> tokens_;
};

TEST_P(RandomWeights, SmallBlocksOfAnySizeGiveTheSameLogits) {
  auto engine = Start(model_);
  const SeqId seq = *engine->Open();
  Append(*engine, seq, Tokens(0, 448), true);
  Append(*engine, seq, Tokens(448, 490));
  const Rows one_by_one = AppendInBlocks(*engine, seq, Tokens(490, 560), 1);
  for (const size_t block : {2, 3, 4, 5, 17, 70}) {
    ASSERT_TRUE(engine->Truncate(seq, 490));
    EXPECT_EQ(Differing(AppendInBlocks(*engine, seq, Tokens(490, 560), block), one_by_one), 0u)
        << "blocks of " << block;
  }
}

TEST_P(RandomWeights, BulkBlocksOfAnySizeGiveTheSameLogits) {
  auto engine = Start(model_);
  const SeqId seq = *engine->Open();
  const Rows wide = Append(*engine, seq, Tokens(0, 512), true);
  for (const size_t block : {64, 192, 448}) {
    ASSERT_TRUE(engine->Truncate(seq, 0));
    EXPECT_EQ(Differing(AppendInBlocks(*engine, seq, Tokens(0, 512), block, true), wide), 0u)
        << "blocks of " << block;
  }
}

TEST_P(RandomWeights, ASequenceInACrowdWritesWhatItWritesAlone) {
  // Lone rows before and behind 512 cached positions, small blocks, a bulk block; an odd number of rows in
  // all.
  struct Part {
    size_t cached, rows;
    bool bulk;
  };
  const Part parts[] = {{600, 1, false}, {10, 1, false},  {70, 3, false},
                        {512, 7, false}, {128, 64, true}, {0, 1, false}};
  auto crowd = Start(model_, {.max_sequences = 6});
  auto alone = Start(model_);
  const SeqId single = *alone->Open();
  std::vector<SeqRows> batch;
  Rows expected;
  for (const Part& part : parts) {
    const SeqId seq = *crowd->Open();
    ASSERT_TRUE(alone->Truncate(single, 0));
    for (size_t at = 0; at < part.cached; at += 64) {
      const auto before = Tokens(at, std::min(at + 64, part.cached));
      Append(*crowd, seq, before, before.size() == 64);
      Append(*alone, single, before, before.size() == 64);
    }
    const auto tokens = Tokens(part.cached, part.cached + part.rows);
    const Rows own = Append(*alone, single, tokens, part.bulk);
    expected.insert(expected.end(), own.begin(), own.end());
    batch.push_back({seq, static_cast<Pos>(part.cached), tokens, part.bulk, static_cast<int>(part.rows)});
  }
  const auto view = crowd->Step(batch);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(Differing(Copy(*view), expected), 0u);
}

TEST_P(RandomWeights, TwoThreadsGiveTheLogitsOfOne) {
  auto one = Start(model_, {.threads = 1}), two = Start(model_, {.threads = 2, .adapt_threads = false});
  const SeqId a = *one->Open(), b = *two->Open();
  EXPECT_EQ(Differing(Append(*one, a, Tokens(0, 512), true), Append(*two, b, Tokens(0, 512), true)), 0u);
  EXPECT_EQ(
      Differing(AppendInBlocks(*one, a, Tokens(512, 514), 1), AppendInBlocks(*two, b, Tokens(512, 514), 1)),
      0u);
  EXPECT_EQ(Differing(Append(*one, a, Tokens(514, 524)), Append(*two, b, Tokens(514, 524))), 0u);
}

TEST_P(RandomWeights, PartsOfAModelGiveTheLogitsOfTheWhole) {
  const int stages = model_->hparams().layers + 2;
  auto whole = Start(model_);
  const SeqId seq = *whole->Open();
  const Rows expected = AppendInBlocks(*whole, seq, Tokens(0, 30), 15);
  for (int cut = 1; cut < stages; ++cut) {
    std::shared_ptr<const Model> front = Load(path_, {.stages = StageRange{0, cut}});
    std::shared_ptr<const Model> back = Load(path_, {.stages = StageRange{cut, stages}});
    ASSERT_TRUE(front && back);
    auto first = Start(front), second = Start(back);
    const SeqId a = *first->Open(), b = *second->Open();
    Rows got;
    for (int at = 0; at < 30; at += 15) {
      const StageRows rows_a{a, at, 15, false, 15}, rows_b{b, at, 15, false, 15};
      const auto hidden = first->StepStages({{&rows_a, 1}, Tokens(at, at + 15), {}});
      ASSERT_TRUE(hidden) << hidden.error().message;
      const auto logits = second->StepStages({{&rows_b, 1}, {}, Copy(*hidden)});
      ASSERT_TRUE(logits) << logits.error().message;
      const Rows part = Copy(*logits);
      got.insert(got.end(), part.begin(), part.end());
    }
    EXPECT_EQ(Differing(got, expected), 0u) << "cut at stage " << cut;
  }
}

TEST_P(RandomWeights, AForkGoesOnAsItsOriginalWould) {
  auto engine = Start(model_, {.max_sequences = 2});
  const SeqId seq = *engine->Open();
  Append(*engine, seq, Tokens(0, 50));
  const Rows straight = Append(*engine, seq, Tokens(50, 60));
  const auto fork = engine->Fork(seq, 50);
  ASSERT_TRUE(fork) << fork.error().message;
  EXPECT_EQ(engine->Length(*fork), 50);
  EXPECT_EQ(Differing(Append(*engine, *fork, Tokens(50, 60)), straight), 0u);
}

INSTANTIATE_TEST_SUITE_P(Types, RandomWeights,
                         testing::Values(GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_F16,
                                         GGML_TYPE_F32),
                         [](const auto& type) { return ggml_type_name(type.param); });

TEST(GgmlEngine, WritesWhatLibllamaWrites) {
  auto engine = Start(Load(kTarget));
  const SeqId seq = *engine->Open();
  llama_model_params model_params = llama_model_default_params();
  std::unique_ptr<llama_model, void (*)(llama_model*)> peer(
      llama_model_load_from_file(kTarget.c_str(), model_params), llama_model_free);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 256;
  params.n_threads = params.n_threads_batch = 1;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  std::unique_ptr<llama_context, void (*)(llama_context*)> context(llama_init_from_model(peer.get(), params),
                                                                   llama_free);
  const std::vector<Token> tokens = SomeTokens(160, 8192);
  for (int at = 0, rows = 128; at < 160; at += rows, rows = at < 150 ? 11 : 1) {
    std::vector<Token> block(tokens.begin() + at, tokens.begin() + at + rows);
    const SeqRows step{seq, at, block, rows == 128, 1};
    const auto view = engine->Step({&step, 1});
    ASSERT_TRUE(view) << view.error().message;
    ASSERT_EQ(llama_decode(context.get(), llama_batch_get_one(block.data(), rows)), 0);
    const float* logits = llama_get_logits_ith(context.get(), -1);
    EXPECT_EQ(Differing(Copy(*view), Rows(logits, logits + 8192)), 0u) << rows << " rows at " << at;
  }
}

TEST(GgmlEngine, OnlyWantedRowsHaveLogits) {
  auto engine = Start(Load(kDraft), {.max_sequences = 2});
  const SeqId a = *engine->Open(), b = *engine->Open();
  const std::vector<Token> tokens = SomeTokens(20, 8192);
  const Rows all = Append(*engine, a, tokens);
  ASSERT_TRUE(engine->Truncate(a, 0));
  const SeqRows batch[] = {{a, 0, tokens, false, 3}, {b, 0, tokens, false, 0}};
  const auto view = engine->Step(batch);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->rows(), 3);
  EXPECT_EQ(Differing(Copy(*view), Rows(all.end() - 3 * 8192, all.end())), 0u);
  const SeqRows silent{b, 20, tokens, false, 0};
  EXPECT_EQ(engine->Step({&silent, 1})->rows(), 0);
  EXPECT_EQ(engine->Length(b), 40);
}

TEST(GgmlEngine, ABadStepAppendsNothing) {
  auto engine = Start(Load(kDraft), {.context = 100, .max_rows = 64});
  const SeqId seq = *engine->Open();
  const std::vector<Token> tokens = SomeTokens(70, 8192), foreign = {8192}, negative = {-1};
  const auto code = [&](std::initializer_list<SeqRows> batch) {
    const auto view = engine->Step({batch.begin(), batch.size()});
    return view ? ErrorCode::kInternal : view.error().code;
  };
  const std::span<const Token> all = tokens;
  EXPECT_EQ(code({}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, {}, false, 0}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 1, all.first(2), false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, all.first(2), false, 3}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, all.first(2), true, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, all, false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq + 1, 0, all.first(2), false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, all.first(2), false, 1}, {seq, 0, all.first(2), false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, foreign, false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(code({{seq, 0, negative, false, 1}}), ErrorCode::kUsage);
  EXPECT_EQ(engine->Length(seq), 0);
  Append(*engine, seq, all.first(60));
  EXPECT_EQ(code({{seq, 60, all.first(41), false, 1}}), ErrorCode::kContext);
  EXPECT_EQ(engine->Length(seq), 60);
  EXPECT_FALSE(engine->Truncate(seq, 61));
  EXPECT_EQ(engine->Open().error().code, ErrorCode::kBusy);
  engine->Close(seq);
  EXPECT_TRUE(engine->Open());
}

TEST(GgmlEngine, SaysWhereEqualityEnds) {
  EXPECT_TRUE(Start(Load(kDraft), {.exact = false})->info().exact);  // q8_0 products need no padding
  const std::string path = std::filesystem::path(testing::TempDir()) / "engine.inexact.gguf";
  RandomModelSpec spec;
  spec.like = kDraft;
  spec.layers = 1;
  spec.type = GGML_TYPE_F16;
  ASSERT_TRUE(WriteRandomModel(spec, path));
  EXPECT_TRUE(Start(Load(path))->info().exact);
  const auto padless = Start(Load(path), {.exact = false});
  EXPECT_FALSE(padless->info().exact);
  EXPECT_NE(padless->info().exact_note.find("f16"), std::string::npos) << padless->info().exact_note;
  EXPECT_NE(padless->info().fingerprint, Start(Load(path))->info().fingerprint);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tandem
