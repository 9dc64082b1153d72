// A model in parts: ranges of stages that cover it one after the other, each loaded alone and given the rows
// of the one before, give the logits of the whole bit for bit, at every cut, and take only their own tensors'
// memory.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "model/cut_model.h"
#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

using LoadedModel = Result<std::shared_ptr<const Model>>;

// Engines over consecutive ranges, in one process.
class PartsRun {
 public:
  // Each range is what `load` gives for it.
  PartsRun(const std::function<LoadedModel(StageRange)>& load, const std::vector<int>& cuts, int layers) {
    int begin = 0;
    for (size_t i = 0; i <= cuts.size(); ++i) {
      const int end = i < cuts.size() ? cuts[i] : layers + 2;
      auto model = load({begin, end});
      if (!model) throw std::runtime_error(model.error().message);
      parts_.push_back(std::make_unique<EngineRun>(*model, GgmlEngineOptions{}));
      begin = end;
    }
  }
  PartsRun(const std::string& path, const std::vector<int>& cuts, int layers)
      : PartsRun([&](StageRange stages) { return Model::Load(path, {.stages = stages}); }, cuts, layers) {}

  // Logits of the last `wanted` of the new rows.
  Rows Append(std::span<const Token> tokens, bool bulk, int wanted) {
    Rows rows;
    for (const auto& part : parts_) rows = Step(*part, tokens, bulk, wanted, rows);
    return rows;
  }

 private:
  Rows Step(EngineRun& part, std::span<const Token> tokens, bool bulk, int wanted, const Rows& hidden) {
    StageInput input;
    const bool first = part.model().stages().HasEmbedding();
    // The head alone is given the wanted rows only: the last layer let no others through.
    const bool head_alone = part.model().stages().begin == part.model().hparams().layers + 1;
    const int n = head_alone ? wanted : static_cast<int>(tokens.size());
    if (n == 0) return {};
    const StageRows rows{part.seq(), part.engine().Length(part.seq()), n, bulk && !head_alone, wanted};
    input.batch = {&rows, 1};
    if (first) input.tokens = tokens;
    if (!first) input.hidden = hidden;
    const Result<LogitsView> out = part.engine().StepStages(input);
    if (!out) throw std::runtime_error(out.error().message);
    Rows result;
    for (int i = 0; i < out->rows(); ++i) result.insert(result.end(), (*out)[i].begin(), (*out)[i].end());
    return result;
  }

  std::vector<std::unique_ptr<EngineRun>> parts_;
};

struct PartsCase {
  const char* name;
  FoundFile (*find)(const std::string&);
  const char* file;
};

void PrintTo(const PartsCase& parts, std::ostream* out) {
  *out << parts.name;
}

class StageRanges : public ::testing::TestWithParam<PartsCase> {
 protected:
  void SetUp() override {
    FoundFile found = GetParam().find(GetParam().file);
    if (found.path.empty()) GTEST_SKIP() << found.missing;
    path_ = found.path;
    whole_ = std::make_unique<EngineRun>(path_, GgmlEngineOptions{});
    layers_ = whole_->model().hparams().layers;
  }

  void ExpectSame(const std::vector<int>& cuts) { ExpectSame(PartsRun(path_, cuts, layers_)); }

  // A prompt's bulk with few logits, its tail, a draft to verify, single rows.
  void ExpectSame(PartsRun parts) {
    whole_->Truncate(0);
    const std::vector<Token> tokens = SomeTokens(64 + 21 + 5 + 2, whole_->info().vocab_size);
    std::span<const Token> rest(tokens);
    const auto step = [&](size_t n, bool bulk, int wanted) {
      EXPECT_SAME_LOGITS(parts.Append(rest.first(n), bulk, wanted),
                         whole_->Append(rest.first(n), bulk, wanted));
      rest = rest.subspan(n);
    };
    step(64, true, 0);
    step(21, false, 3);
    step(5, false, 5);
    step(1, false, 1);
    step(1, false, 1);
  }

  std::string path_;
  std::unique_ptr<EngineRun> whole_;
  int layers_ = 0;
};

TEST_P(StageRanges, TwoPartsAtEveryCut) {
  for (int cut = 1; cut < layers_ + 2; ++cut) {
    SCOPED_TRACE(fmt::format("cut before stage {}", cut));
    ExpectSame({cut});
  }
}

TEST_P(StageRanges, OneStageEach) {
  std::vector<int> cuts(static_cast<size_t>(layers_ + 1));
  std::iota(cuts.begin(), cuts.end(), 1);
  ExpectSame(cuts);
}

TEST_P(StageRanges, RangesOfTheLoadedModelAtEveryCut) {
  const Model& whole = whole_->model();
  for (int cut = 1; cut < layers_ + 2; ++cut) {
    SCOPED_TRACE(fmt::format("cut before stage {}", cut));
    ExpectSame(PartsRun([&](StageRange stages) { return whole.Range(stages); }, {cut}, layers_));
  }
}

// Rows of one range, given the rows of the same embedding.
Rows MiddleRows(LoadedModel model, const Rows& hidden) {
  if (!model) throw std::runtime_error(model.error().message);
  EngineRun part(*model, {});
  const int n = static_cast<int>(hidden.size()) / part.model().hparams().width;
  const StageRows rows{part.seq(), 0, n, false, n};
  StageInput input;
  input.batch = {&rows, 1};
  input.hidden = hidden;
  const Result<LogitsView> out = part.engine().StepStages(input);
  if (!out) throw std::runtime_error(out.error().message);
  Rows result;
  for (int i = 0; i < out->rows(); ++i) result.insert(result.end(), (*out)[i].begin(), (*out)[i].end());
  return result;
}

TEST_P(StageRanges, ARangeGivesTheRowsOfOneLoadedAlone) {
  const Model& whole = whole_->model();
  Rows hidden(static_cast<size_t>(whole.hparams().width) * 7);
  for (size_t i = 0; i < hidden.size(); ++i) hidden[i] = std::sin(static_cast<float>(i) * 0.37f);
  for (const StageRange stages : {StageRange{1, 2}, StageRange{2, layers_ + 1}, StageRange{2, layers_ + 2}}) {
    SCOPED_TRACE(fmt::format("stages [{}, {})", stages.begin, stages.end));
    const Rows alone = MiddleRows(Model::Load(path_, {.stages = stages}), hidden);
    ASSERT_FALSE(alone.empty());
    EXPECT_SAME_LOGITS(MiddleRows(whole.Range(stages), hidden), alone);
  }
}

TEST_P(StageRanges, ARangeShowsItsStagesAloneAndCopiesNothing) {
  const Model& whole = whole_->model();
  const auto middle = whole.Range({2, layers_ + 1});
  ASSERT_TRUE(middle) << middle.error().message;
  EXPECT_EQ((*middle)->weights().embedding, nullptr);
  EXPECT_EQ((*middle)->weights().head.norm.weight, nullptr);
  EXPECT_EQ((*middle)->weights().head.output.weight, nullptr);
  ASSERT_EQ((*middle)->weights().layers.size(), static_cast<size_t>(layers_ - 1));
  EXPECT_EQ((*middle)->weights().layers.front().o.weight, whole.weights().layers[1].o.weight);
  EXPECT_FALSE((*middle)->IsWhole());
  EXPECT_EQ((*middle)->hparams().layers, layers_);

  const auto embedding = (*whole.Range({0, layers_ + 1}))->Range({0, 1});
  ASSERT_TRUE(embedding);
  EXPECT_EQ((*embedding)->weights().embedding, whole.weights().embedding);
  EXPECT_TRUE((*embedding)->weights().layers.empty());
  const auto head = whole.Range({layers_ + 1, layers_ + 2});
  ASSERT_TRUE(head);
  EXPECT_EQ((*head)->weights().head.norm.weight, whole.weights().head.norm.weight);
  EXPECT_TRUE((*head)->weights().layers.empty());
}

TEST_P(StageRanges, ARangeBeyondWhatIsLoadedIsRefused) {
  const auto part = Model::Load(path_, {.stages = StageRange{1, layers_ + 1}});
  ASSERT_TRUE(part);
  for (const StageRange stages : {StageRange{0, 2}, StageRange{1, layers_ + 2}, StageRange{2, 2},
                                  StageRange{3, 2}, StageRange{-1, 2}}) {
    const auto range = (*part)->Range(stages);
    ASSERT_FALSE(range);
    EXPECT_EQ(range.error().code, ErrorCode::kUsage);
    EXPECT_NE(range.error().message.find(fmt::format("[1, {})", layers_ + 1)), std::string::npos)
        << range.error().message;
  }
}

TEST_P(StageRanges, ARangeOutlivesTheModelItWasTakenFrom) {
  auto loaded = *Model::Load(path_);
  const auto range = *loaded->Range(WholeModel(layers_));
  loaded.reset();
  EngineRun run(range, {});
  whole_->Truncate(0);
  const std::vector<Token> tokens = SomeTokens(5, whole_->info().vocab_size);
  EXPECT_SAME_LOGITS(run.Append(tokens), whole_->Append(tokens));
}

TEST_P(StageRanges, APartTakesItsOwnTensorsOnly) {
  const auto bytes = [&](StageRange range) {
    const auto part = Model::Load(path_, {.stages = range});
    EXPECT_TRUE(part);
    return part ? (*part)->mapped_bytes() + (*part)->copied_bytes() : 0;
  };
  const size_t whole = bytes({0, layers_ + 2});
  const size_t front = bytes({0, 2}), back = bytes({2, layers_ + 2});
  EXPECT_LT(front, whole);
  EXPECT_LT(back, whole);
  EXPECT_LT(bytes({1, 2}), whole / 2);
}

// Of part files.
class PartFiles : public StageRanges {
 protected:
  void Cut(std::vector<LayerRange> layers, const TempFile& file) {
    const auto report = CutModel({path_, std::move(layers), ""}, file.path());
    ASSERT_TRUE(report) << report.error().message;
  }
};

TEST_P(PartFiles, TwoAtEveryLayer) {
  for (int layer = 1; layer < layers_; ++layer) {
    SCOPED_TRACE(fmt::format("cut before layer {}", layer));
    const TempFile front, back;
    Cut({{0, layer}}, front);
    Cut({{layer, layers_}}, back);
    const auto load = [&](StageRange stages) {
      return Model::Load(stages.HasEmbedding() ? front.path() : back.path(), {.stages = stages});
    };
    ExpectSame(PartsRun(load, {layer + 1}, layers_));
  }
}

// Embedding, first and last layer and head in one file, what lies between in another.
TEST_P(PartFiles, FirstAndLastLayersInOne) {
  const TempFile ends, middle;
  Cut({{0, 1}, {layers_ - 1, layers_}}, ends);
  if (layers_ > 2) Cut({{1, layers_ - 1}}, middle);
  const auto load = [&](StageRange stages) {
    const bool inner = stages.begin > 0 && !stages.HasHead(layers_);
    return Model::Load(inner ? middle.path() : ends.path(), {.stages = stages});
  };
  ExpectSame(PartsRun(load, layers_ > 2 ? std::vector{2, layers_} : std::vector{2}, layers_));
}

const PartsCase kPartFiles[] = {{"demo_target", DemoModel, "demo-target-q8_0.gguf"},
                                {"stories260K_f32", SharedFile, "models/stories260K-f32.gguf"},
                                {"fixture_llama", Fixture, "llama-dense.gguf"},
                                {"fixture_qwen2", Fixture, "qwen2-dense.gguf"},
                                {"fixture_qwen3", Fixture, "qwen3-dense.gguf"},
                                {"fixture_gptneox", Fixture, "gptneox-dense.gguf"},
                                {"fixture_gpt2", Fixture, "gpt2-dense.gguf"}};
INSTANTIATE_TEST_SUITE_P(Models, PartFiles, ::testing::ValuesIn(kPartFiles),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Models, StageRanges,
    ::testing::Values(PartsCase{"demo_target", DemoModel, "demo-target-q8_0.gguf"},
                      PartsCase{"stories15M_f16", SharedFile, "models/stories15M-f16.gguf"},
                      PartsCase{"stories260K_f32", SharedFile, "models/stories260K-f32.gguf"},
                      PartsCase{"fixture_llama", Fixture, "llama-dense.gguf"},
                      PartsCase{"fixture_qwen2", Fixture, "qwen2-dense.gguf"},
                      PartsCase{"fixture_qwen3", Fixture, "qwen3-dense.gguf"},
                      PartsCase{"fixture_gptneox", Fixture, "gptneox-dense.gguf"},
                      PartsCase{"fixture_gpt2", Fixture, "gpt2-dense.gguf"}),
    [](const auto& test) { return test.param.name; });

// Repacked and padded weights are cut like any others.
struct RandomCase {
  const char* name;
  ggml_type type;
  const char* arch = "";
};

void PrintTo(const RandomCase& random, std::ostream* out) {
  *out << random.name;
}

class RandomStageRanges : public ::testing::TestWithParam<RandomCase> {};

TEST_P(RandomStageRanges, TwoPartsAtEveryCut) {
  TempFile file;
  WriteModel(SmallModel(GetParam().type, GetParam().arch), file.path());
  EngineRun whole(file.path(), {});
  const std::vector<Token> tokens = SomeTokens(64 + 7 + 1, whole.info().vocab_size);
  const std::span<const Token> all(tokens);
  for (int cut = 1; cut < 5; ++cut) {
    SCOPED_TRACE(fmt::format("cut before stage {}", cut));
    PartsRun parts(file.path(), {cut}, 3);
    whole.Truncate(0);
    EXPECT_SAME_LOGITS(parts.Append(all.first(64), true, 2), whole.Append(all.first(64), true, 2));
    EXPECT_SAME_LOGITS(parts.Append(all.subspan(64, 7), false, 7),
                       whole.Append(all.subspan(64, 7), false, 7));
    EXPECT_SAME_LOGITS(parts.Append(all.last(1), false, 1), whole.Append(all.last(1), false, 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, RandomStageRanges,
                         ::testing::Values(RandomCase{"q4_0", GGML_TYPE_Q4_0},
                                           RandomCase{"q4_k", GGML_TYPE_Q4_K},
                                           RandomCase{"q8_0", GGML_TYPE_Q8_0},
                                           RandomCase{"f16", GGML_TYPE_F16},
                                           RandomCase{"gptneox_q4_k", GGML_TYPE_Q4_K, "gptneox"},
                                           RandomCase{"gptneox_f16", GGML_TYPE_F16, "gptneox"},
                                           RandomCase{"gpt2_q4_k", GGML_TYPE_Q4_K, "gpt2"},
                                           RandomCase{"gpt2_f16", GGML_TYPE_F16, "gpt2"}),
                         [](const auto& test) { return test.param.name; });

// A range that begins behind the embedding needs no table of positions, and the embedding alone refuses the
// position behind its table.
TEST(LearnedPositions, BelongToTheEmbedding) {
  TempFile file;
  RandomModelSpec spec = SmallModel(GGML_TYPE_Q8_0, "gpt2");
  spec.context = 96;
  WriteModel(spec, file.path());
  const auto layers = Model::Load(file.path(), {.stages = StageRange{1, 5}});
  ASSERT_TRUE(layers) << layers.error().message;
  EXPECT_EQ((*layers)->weights().position_embedding, nullptr);

  const auto front = Model::Load(file.path(), {.stages = StageRange{0, 1}});
  ASSERT_TRUE(front) << front.error().message;
  EngineRun run(*front, {});
  const std::vector<Token> tokens = SomeTokens(97, 512);
  const auto embed = [&](size_t n) {
    const StageRows rows{run.seq(), run.engine().Length(run.seq()), static_cast<int>(n)};
    return run.engine().StepStages({{&rows, 1}, std::span(tokens).first(n), {}});
  };
  EXPECT_EQ(embed(97).error().code, ErrorCode::kContext);
  EXPECT_TRUE(embed(96));
  EXPECT_EQ(embed(1).error().code, ErrorCode::kContext);
}

}  // namespace
}  // namespace tandem::testing
