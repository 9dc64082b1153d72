// Attention probes against libllama's own softmax weights (its graph without flash attention shows them to an
// evaluation callback): column sums and last rows of every layer and head, in one chunk and in several. Each
// layer is given the hidden rows that libllama's layer got, so that nothing but the layer's own arithmetic
// lies between the two. And what probing must not do: change a bit of what comes out.
#include <gtest/gtest.h>
#include <llama-cpp.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>

#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

constexpr int kRows = 150;

// A layer's softmax weights [heads][queries][columns] and the hidden rows that come out of it.
struct DenseLayer {
  size_t heads = 0, columns = 0;
  std::vector<float> weights, hidden;

  float At(size_t head, size_t query, size_t column) const {
    return weights[(head * kRows + query) * columns + column];
  }
};

using DenseLayers = std::vector<DenseLayer>;

bool Observe(ggml_tensor* tensor, bool ask, void* into) {
  const std::string name = tensor->name;
  const bool weights = name.starts_with("kq_soft_max-");
  if (!weights && !name.starts_with("l_out-")) return !ask;
  if (ask) return true;
  auto& layers = *static_cast<DenseLayers*>(into);
  const size_t index = std::stoul(name.substr(name.find('-') + 1));
  layers.resize(std::max(layers.size(), index + 1));
  DenseLayer& layer = layers[index];
  std::vector<float>& values = weights ? layer.weights : layer.hidden;
  if (weights) {
    layer.columns = static_cast<size_t>(tensor->ne[0]);
    layer.heads = static_cast<size_t>(tensor->ne[2]);
  }
  values.resize(static_cast<size_t>(ggml_nelements(tensor)));
  ggml_backend_tensor_get(tensor, values.data(), 0, ggml_nbytes(tensor));
  return true;
}

// What libllama's layers look at over the whole text in one step.
DenseLayers Reference(const std::string& path, std::vector<Token> tokens) {
  DenseLayers layers;
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  const llama_model_ptr model(llama_model_load_from_file(path.c_str(), llama_model_default_params()));
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 256;
  params.n_batch = params.n_ubatch = 256;
  params.n_threads = params.n_threads_batch = 1;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.cb_eval = Observe;
  params.cb_eval_user_data = &layers;
  const llama_context_ptr context(llama_init_from_model(model.get(), params));
  EXPECT_EQ(llama_decode(context.get(), llama_batch_get_one(tokens.data(), kRows)), 0);
  return layers;
}

StageRows NextRows(EngineRun& run, size_t n, int wanted) {
  const int rows = static_cast<int>(n);
  return {run.seq(), run.engine().Length(run.seq()), rows, rows % 64 == 0, wanted};
}

Rows Need(const Result<LogitsView>& out) {
  if (!out) throw std::runtime_error(out.error().message);
  Rows result;
  for (int i = 0; i < out->rows(); ++i) result.insert(result.end(), (*out)[i].begin(), (*out)[i].end());
  return result;
}

// The largest differences from the reference: of a column's mean over the queries, and of the last row.
struct ProbeError {
  double mean = 0, last = 0;
};

ProbeError ErrorOf(const LayerProbe& probe, const DenseLayer& dense) {
  ProbeError error;
  for (size_t head = 0; head < dense.heads; ++head) {
    for (size_t column = 0; column < kRows; ++column) {
      double sum = 0;
      for (size_t query = 0; query < kRows; ++query) sum += dense.At(head, query, column);
      const size_t at = head * kRows + column;
      error.mean = std::max(error.mean, std::abs(probe.column_sums[at] - sum) / kRows);
      error.last =
          std::max<double>(error.last, std::abs(probe.last_row[at] - dense.At(head, kRows - 1, column)));
    }
  }
  return error;
}

struct ProbeCase {
  const char* name;
  FoundFile (*find)(const std::string&);
  const char* file;
};

void PrintTo(const ProbeCase& probe, std::ostream* out) {
  *out << probe.name;
}

class AttentionProbes : public ::testing::TestWithParam<ProbeCase> {
 protected:
  void SetUp() override {
    const FoundFile found = GetParam().find(GetParam().file);
    if (found.path.empty()) GTEST_SKIP() << found.missing;
    path_ = found.path;
    whole_.emplace(path_, GgmlEngineOptions{});
    tokens_ = SomeTokens(kRows, whole_->info().vocab_size);
  }

  // What layer `index` alone, behind the embedding if it is the first, looks at when it is given what
  // libllama's was, in chunks.
  AttentionProbe Probe(const DenseLayers& reference, int index, const std::vector<size_t>& chunks) const {
    auto model = Model::Load(path_, {.stages = StageRange{index == 0 ? 0 : index + 1, index + 2}});
    EXPECT_TRUE(model);
    EngineRun run(*model, GgmlEngineOptions{});
    AttentionProbe probe(std::array{index});
    const auto width = static_cast<size_t>((*model)->hparams().width);
    size_t at = 0;
    for (const size_t n : chunks) {
      const StageRows rows = NextRows(run, n, 0);
      StageInput input{{&rows, 1}, {}, {}};
      if (index == 0) {
        input.tokens = std::span(tokens_).subspan(at, n);
      } else {
        input.hidden =
            std::span(reference[static_cast<size_t>(index) - 1].hidden).subspan(at * width, n * width);
      }
      Need(run.engine().StepStages(input, &probe));
      at += n;
    }
    return probe;
  }

  std::string path_;
  std::optional<EngineRun> whole_;
  std::vector<Token> tokens_;
};

TEST_P(AttentionProbes, AreLibllamasWeights) {
  const DenseLayers reference = Reference(path_, tokens_);
  const Hparams& hp = whole_->model().hparams();
  ASSERT_EQ(reference.size(), static_cast<size_t>(hp.layers));
  for (const auto& chunks : {std::vector<size_t>{150}, {64, 64, 22}, {128, 1, 20, 1}}) {
    for (int layer = 0; layer < hp.layers; ++layer) {
      SCOPED_TRACE(fmt::format("layer {}, {} chunks", layer, chunks.size()));
      const AttentionProbe probe = Probe(reference, layer, chunks);
      ASSERT_EQ(probe.rows, kRows);
      ASSERT_EQ(probe.heads, hp.heads);
      const ProbeError error = ErrorOf(probe.layers.front(), reference[static_cast<size_t>(layer)]);
      // Measured: 2e-8 and, where the last row came alone, 2e-7; else the last row's bits are the same.
      EXPECT_LE(error.mean, 1e-7);
      EXPECT_LE(error.last, 1e-6);
      // The bounds tell one head from the next.
      LayerProbe turned = probe.layers.front();
      std::rotate(turned.column_sums.begin(), turned.column_sums.begin() + kRows, turned.column_sums.end());
      std::rotate(turned.last_row.begin(), turned.last_row.begin() + kRows, turned.last_row.end());
      const ProbeError other = ErrorOf(turned, reference[static_cast<size_t>(layer)]);
      EXPECT_GT(other.mean, 1e-5);
      EXPECT_GT(other.last, 1e-5);
    }
  }
}

TEST_P(AttentionProbes, LeaveTheLogitsAsTheyAre) {
  const std::span<const Token> all(tokens_);
  std::vector<int> layers(static_cast<size_t>(whole_->model().hparams().layers));
  std::iota(layers.begin(), layers.end(), 0);
  AttentionProbe probe(layers);
  std::vector<Rows> probed, plain;
  for (AttentionProbe* with : {&probe, static_cast<AttentionProbe*>(nullptr)}) {
    whole_->Truncate(0);
    const auto step = [&](std::span<const Token> tokens, int wanted) {
      const StageRows rows = NextRows(*whole_, tokens.size(), wanted);
      return Need(whole_->engine().StepStages({{&rows, 1}, tokens, {}}, with));
    };
    std::vector<Rows>& rows = with == nullptr ? plain : probed;
    rows.push_back(step(all.first(64), 3));
    rows.push_back(step(all.subspan(64, 40), 40));
    rows.push_back(step(all.subspan(104, 1), 1));
  }
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_SAME_LOGITS(probed[i], plain[i]);
  EXPECT_EQ(probe.rows, 105);
}

INSTANTIATE_TEST_SUITE_P(Models, AttentionProbes,
                         ::testing::Values(ProbeCase{"demo_target", DemoModel, "demo-target-q8_0.gguf"},
                                           ProbeCase{"stories15M_f16", SharedFile,
                                                     "models/stories15M-f16.gguf"},
                                           ProbeCase{"fixture_qwen2", Fixture, "qwen2-dense.gguf"},
                                           ProbeCase{"fixture_qwen3", Fixture, "qwen3-dense.gguf"},
                                           ProbeCase{"fixture_gptneox", Fixture, "gptneox-dense.gguf"},
                                           ProbeCase{"fixture_gpt2", Fixture, "gpt2-dense.gguf"}),
                         [](const auto& test) { return test.param.name; });

// As many rows as a step may have, in as many attention nodes, with every layer probed: each query's weights
// are there once, and sum to 1.
TEST(AttentionProbe, TakesALongStepOfEveryLayer) {
  const TempFile file;
  WriteModel(SmallModel(GGML_TYPE_Q4_K, "gptneox"), file.path());
  EngineRun run(file.path(), {.max_rows = 1000});
  const std::vector<Token> tokens = SomeTokens(999, 512);
  AttentionProbe probe(std::array{0, 1, 2});
  const StageRows rows = NextRows(run, tokens.size(), 1);
  Need(run.engine().StepStages({{&rows, 1}, tokens, {}}, &probe));
  for (const LayerProbe& layer : probe.layers) {
    for (size_t head = 0; head < 4; ++head) {
      const auto sum = [&](const std::vector<float>& of) {
        return std::accumulate(&of[head * 999], &of[head * 999] + 999, 0.0);
      };
      EXPECT_NEAR(sum(layer.column_sums), 999.0, 0.01) << layer.layer;
      EXPECT_NEAR(sum(layer.last_row), 1.0, 1e-4) << layer.layer;
    }
  }
}

// What an Engine shows to those who know no other.
TEST(AttentionProbe, AStepOfIdsIsProbedAsOneOfStagesIs) {
  auto model = Model::Load(DemoModel("demo-target-q8_0.gguf").path, {.stages = StageRange{0, 3}});
  ASSERT_TRUE(model);
  EngineRun stages(*model, {}), ids(*model, {});
  const std::vector<Token> tokens = SomeTokens(75, ids.info().vocab_size);
  AttentionProbe by_stages(std::array{0, 1}), by_ids(std::array{0, 1});
  for (const auto& [first, count, bulk] : {std::tuple{0, 64, true}, {64, 11, false}}) {
    const auto part = std::span(tokens).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
    const StageRows stage_rows{stages.seq(), first, count, bulk, 0};
    const SeqRows seq_rows{.seq = ids.seq(), .first = first, .tokens = part, .bulk = bulk};
    const auto expected = stages.engine().StepStages({{&stage_rows, 1}, part, {}}, &by_stages);
    Engine& engine = ids.engine();
    const auto out = engine.StepProbed(seq_rows, by_ids);
    ASSERT_TRUE(expected && out);
    ASSERT_EQ(out->rows(), count);
    for (int row = 0; row < count; ++row)
      EXPECT_TRUE(std::ranges::equal((*out)[row], (*expected)[row])) << first + row;
  }
  EXPECT_EQ(by_ids.rows, 75);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(by_ids.layers[i].column_sums, by_stages.layers[i].column_sums);
    EXPECT_EQ(by_ids.layers[i].last_row, by_stages.layers[i].last_row);
  }
}

TEST(AttentionProbe, RefusesWhatItCannotFollow) {
  auto model = Model::Load(DemoModel("demo-target-q8_0.gguf").path, {.stages = StageRange{0, 3}});
  ASSERT_TRUE(model);
  EngineRun run(*model, {.max_sequences = 2});
  const std::vector<Token> tokens = SomeTokens(16, run.info().vocab_size);
  const auto say = [&](std::span<const StageRows> batch, AttentionProbe& probe) {
    const auto out = run.engine().StepStages({batch, std::span(tokens).first(8 * batch.size()), {}}, &probe);
    EXPECT_TRUE(out || out.error().code == ErrorCode::kUsage);
    return out ? "goes on" : out.error().message;
  };
  const StageRows rows{run.seq(), 0, 8, false, 0}, later{run.seq(), 8, 8, false, 0};
  AttentionProbe outside(std::array{2}), twice(std::array{1, 1}), none, good(std::array{0, 1});
  EXPECT_EQ(say({&rows, 1}, outside), "layer 2 cannot be probed: the range has layers [0, 2)");
  EXPECT_EQ(say({&rows, 1}, twice), "layers of a probe must ascend, 1 follows 1");
  EXPECT_EQ(say({&rows, 1}, none), "a probe names no layer");
  const std::array both{rows, StageRows{*run.engine().Open(), 0, 8, false, 0}};
  EXPECT_EQ(say(both, good), "a probe follows one sequence, the step has 2");
  EXPECT_EQ(run.engine().Length(run.seq()), 0);

  EXPECT_EQ(say({&rows, 1}, good), "goes on");
  EXPECT_EQ(good.rows, 8);
  AttentionProbe late(std::array{0}), other = good;
  EXPECT_EQ(say({&later, 1}, late), "a probe of 0 rows cannot go on in a sequence of 8");
  other.layers.front().last_row.pop_back();
  EXPECT_NE(say({&later, 1}, other).find("figures cannot go on"), std::string::npos);
  EXPECT_EQ(say({&later, 1}, good), "goes on");
  EXPECT_EQ(good.rows, 16);
}

}  // namespace
}  // namespace tandem::testing
