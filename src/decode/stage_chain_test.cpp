// A chain gives the whole engine's logits bit for bit, cut anywhere or not at all, passed through whole or
// taken up again at any cut.
#include "decode/stage_chain.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

std::vector<Token> SomeIds(int n, int vocab) {
  std::vector<Token> ids(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) ids[static_cast<size_t>(i)] = (3 + i * 131 + i * i) % vocab;
  return ids;
}

StageChain::LogitsSink Into(std::vector<float>& rows) {
  rows.clear();
  return [&rows](int, const LogitsView& logits) {
    for (int i = 0; i < logits.rows(); ++i) rows.insert(rows.end(), logits[i].begin(), logits[i].end());
    return Status{};
  };
}

// Logits of the last `wanted` of `ids`, by the engine itself: whole blocks in bulk, then the rest.
std::vector<float> EngineLogits(const std::vector<Token>& ids, int wanted) {
  auto engine = GgmlEngine::Create(Model::Load(kModel).value(), {}).value();
  const SeqId seq = engine->Open().value();
  std::vector<float> rows;
  for (const WindowStep& step : PlanWindow(static_cast<int>(ids.size()), wanted, 512, 512)) {
    const auto part =
        std::span<const Token>(ids).subspan(static_cast<size_t>(step.begin), static_cast<size_t>(step.rows));
    const SeqRows asked{seq, step.begin, part, step.bulk, step.wanted};
    const LogitsView logits = engine->Step({&asked, 1}).value();
    for (int i = 0; i < logits.rows(); ++i) rows.insert(rows.end(), logits[i].begin(), logits[i].end());
  }
  return rows;
}

TEST(StageChain, GivesTheEnginesLogitsFromEveryCut) {
  const int layers = Model::Load(kModel).value()->hparams().layers;
  for (const std::vector<int>& cuts : {std::vector<int>{}, {0}, {1}, {layers}, {0, 1, layers - 1, layers}}) {
    auto chain = StageChain::Load(kModel, cuts, {}).value();
    for (const auto& [length, wanted] : {std::pair{128, 33}, {70, 70}, {64, 1}, {9, 4}}) {
      const auto ids = SomeIds(length, chain->shape().vocab_size);
      const auto expected = EngineLogits(ids, wanted);
      std::vector<float> got;
      std::vector<std::vector<float>> at_cuts;
      ASSERT_TRUE(chain->Run(ids, wanted, Into(got), &at_cuts));
      EXPECT_TRUE(got == expected) << cuts.size() << " cuts, " << length << " rows, " << wanted << " wanted";
      ASSERT_EQ(at_cuts.size(), cuts.size());
      for (size_t cut = cuts.size(); cut-- > 0;) {
        EXPECT_EQ(chain->RowsAtCut(cut, length, wanted), cuts[cut] == layers ? wanted : length);
        ASSERT_TRUE(chain->RunFrom(cut, at_cuts[cut], length, wanted, Into(got)));
        EXPECT_TRUE(got == expected) << "taken up after " << cuts[cut] << " layers";
      }
    }
  }
}

// A probe sees the same whatever the cuts, and changes no row.
TEST(StageChain, ProbesLayersOnBothSidesOfItsCuts) {
  const auto probe = [](std::vector<int> cuts, const std::vector<int>& layers, std::vector<float>& logits) {
    auto chain = StageChain::Load(kModel, cuts, {}).value();
    AttentionProbe seen(layers);
    EXPECT_TRUE(chain->Run(SomeIds(100, chain->shape().vocab_size), 7, Into(logits), nullptr, &seen));
    return seen;
  };
  const int last = Model::Load(kModel).value()->hparams().layers - 1;
  const std::vector<int> layers = {0, 1, last};
  std::vector<float> whole_logits, cut_logits;
  const AttentionProbe whole = probe({}, layers, whole_logits),
                       cut = probe({0, 1, last + 1}, layers, cut_logits);
  EXPECT_TRUE(whole_logits == cut_logits);
  EXPECT_EQ(cut.rows, 100);
  EXPECT_EQ(cut.heads, whole.heads);
  ASSERT_EQ(cut.layers.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cut.layers[i].layer, layers[i]);
    EXPECT_TRUE(cut.layers[i].column_sums == whole.layers[i].column_sums);
    EXPECT_TRUE(cut.layers[i].last_row == whole.layers[i].last_row);
    EXPECT_EQ(cut.layers[i].last_row.size(), static_cast<size_t>(whole.heads) * 100);
  }
}

TEST(StageChain, OtherRowsGiveOtherLogits) {
  auto chain = StageChain::Load(kModel, std::vector<int>{1}, {}).value();
  const auto ids = SomeIds(64, chain->shape().vocab_size);
  std::vector<float> clean, other;
  std::vector<std::vector<float>> at_cuts;
  ASSERT_TRUE(chain->Run(ids, 5, Into(clean), &at_cuts));
  at_cuts[0][3] += 1.0f;  // of the first row: all that follow see it
  ASSERT_TRUE(chain->RunFrom(0, at_cuts[0], 64, 5, Into(other)));
  ASSERT_EQ(clean.size(), other.size());
  EXPECT_FALSE(clean == other);
}

TEST(StageChain, RefusesWhatDoesNotFit) {
  const auto code = [](std::vector<int> cuts, StageChainOptions options) {
    const auto chain = StageChain::Load(kModel, cuts, options);
    return chain ? ErrorCode::kInternal : chain.error().code;
  };
  EXPECT_EQ(code({-1}, {}), ErrorCode::kUsage);
  EXPECT_EQ(code({99}, {}), ErrorCode::kUsage);
  EXPECT_EQ(code({2, 1}, {}), ErrorCode::kUsage);
  EXPECT_EQ(code({1, 1}, {}), ErrorCode::kUsage);
  EXPECT_EQ(code({}, {.context = 1 << 20}), ErrorCode::kUsage);
  EXPECT_EQ(StageChain::Load("/no/such.gguf", {}, {}).error().code, ErrorCode::kFile);
  auto chain = StageChain::Load(kModel, std::vector<int>{1}, {.context = 64}).value();
  std::vector<float> rows;
  EXPECT_EQ(chain->Run(SomeIds(65, 16), 1, Into(rows)).error().code, ErrorCode::kContext);
  EXPECT_EQ(chain->RunFrom(0, rows, 64, 1, Into(rows)).error().code, ErrorCode::kUsage);
}

TEST(StageChain, ASinkEndsTheRun) {
  auto chain = StageChain::Load(kModel, {}, {}).value();
  const auto stop = [](int, const LogitsView&) -> Status { return Fail(ErrorCode::kBusy, "enough"); };
  EXPECT_EQ(chain->Run(SomeIds(8, 16), 2, stop).error().code, ErrorCode::kBusy);
}

RC_GTEST_PROP(PlanWindow, CoversTheWindowInWholeBlocksAndATail, ()) {
  const int length = *rc::gen::inRange(1, 2000), wanted = *rc::gen::inRange(1, length + 1);
  const int max_rows = kBulkRows * *rc::gen::inRange(1, 9), most = kBulkRows * *rc::gen::inRange(1, 9);
  int at = 0, all_wanted = 0;
  for (const WindowStep& step : PlanWindow(length, wanted, max_rows, most)) {
    RC_ASSERT(step.begin == at && step.rows > 0 && step.rows <= max_rows && step.wanted <= most);
    RC_ASSERT(step.bulk == (step.rows % kBulkRows == 0));
    RC_ASSERT(step.bulk ||
              (at + step.rows == length && step.rows < kBulkRows));  // a row's class is its place's
    at += step.rows;
    all_wanted += step.wanted;
    RC_ASSERT(step.wanted == std::max(0, at - std::max(step.begin, length - wanted)));
  }
  RC_ASSERT(at == length && all_wanted == wanted);
}

}  // namespace
}  // namespace tandem
