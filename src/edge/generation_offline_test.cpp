// A cloud that is gone for good, and a text that goes on without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/generation_bench.h"

namespace tandem {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<Token> kPrompt{5, 6, 7};
constexpr int32_t kTokens = 30;

GenerationConfig Config(Mode mode) {
  GenerationConfig config;
  config.mode = mode;
  config.prompt = kPrompt;
  config.max_tokens = kTokens;
  config.vocab = {.size = 64, .digest = Digest{7}};
  config.retry_for = Micros{5'000'000};
  config.offline = true;
  return config;
}

ScriptedCloud Cloud() {
  std::vector<Token> text = kPrompt;
  for (Token i = 0; i < 60; ++i) text.push_back(10 + i % 50);
  return ScriptedCloud(text);
}

// What mode edge writes after the prompt and `text`.
std::vector<Token> DraftAlone(const std::vector<Token>& text) {
  GenerationConfig config = Config(Mode::kEdge);
  config.spans = {{0, static_cast<Pos>(kPrompt.size())}};
  config.prompt.insert(config.prompt.end(), text.begin(), text.end());
  config.max_tokens = kTokens - static_cast<int32_t>(text.size());
  GenerationBench bench(config);
  bench.Start();
  return bench.shown;
}

// A few tokens, the first of them the cloud's.
void BeginWith(ScriptedCloud& cloud, Mode mode, GenerationBench& bench) {
  bench.Start();
  bench.Connect();
  bench.AnswerOne(cloud);
  if (mode == Mode::kSync) {
    for (int i = 0; i < 3; ++i) bench.AnswerOne(cloud);
    return;
  }
  const auto length = static_cast<Pos>(kPrompt.size());
  bench.Say(Opened{.length = length});
  for (Pos at = length; at < length + 4; ++at) bench.Say(Verdict{.base = at, .token = cloud.At(at)});
}

void LoseForGood(GenerationBench& bench) {
  bench.Break();
  for (int i = 0; i < 1000 && !bench.finished && bench.WaitForTimer(); ++i) bench.Break();
}

TEST(GenerationOffline, TheDraftModelGoesOnWherePatienceEnds) {
  for (const Mode mode : {Mode::kSync, Mode::kSpeculate, Mode::kAuto}) {
    GenerationBench bench(Config(mode));
    ScriptedCloud cloud = Cloud();
    BeginWith(cloud, mode, bench);
    const std::vector<Token> before = bench.shown;
    ASSERT_FALSE(before.empty()) << ModeName(mode);
    const Micros lost = bench.now;
    LoseForGood(bench);
    EXPECT_GE(bench.now - lost, Micros{5'000'000});
    EXPECT_EQ(bench.finish, Finish::kLength);
    EXPECT_FALSE(bench.error);
    std::vector<Token> whole = before;
    const std::vector<Token> alone = DraftAlone(before);
    whole.insert(whole.end(), alone.begin(), alone.end());
    EXPECT_EQ(bench.shown, whole) << ModeName(mode);
    EXPECT_EQ(bench.stats().OfflineTokens(), kTokens - before.size());
    const std::vector<Author> last(bench.authors.begin() + static_cast<std::ptrdiff_t>(before.size()),
                                   bench.authors.end());
    EXPECT_THAT(last, Each(Author::kEdge));
    EXPECT_THAT(bench.generation().notes(),
                ElementsAre(HasSubstr(fmt::format("from token {} on the text is the draft model's: the cloud "
                                                  "stayed away for 5.0 s",
                                                  before.size() + 1))));
  }
}

TEST(GenerationOffline, ATextThatNoCloudEverSawIsTheDraftModels) {
  GenerationConfig config = Config(Mode::kAuto);
  config.clouds = 2;
  GenerationBench bench(config);
  bench.Start();
  bench.Break();
  ASSERT_TRUE(bench.WaitForTimer());
  bench.Break(ErrorCode::kBusy);
  EXPECT_EQ(bench.dials, 2);
  EXPECT_EQ(bench.finish, Finish::kLength);
  EXPECT_EQ(bench.shown, DraftAlone({}));
  EXPECT_EQ(bench.stats().OfflineTokens(), static_cast<uint64_t>(kTokens));
}

TEST(GenerationOffline, WhatTryingAgainCannotHelpStillEndsTheRun) {
  GenerationBench bench(Config(Mode::kSync));
  bench.Start();
  bench.Break(ErrorCode::kAuth);
  EXPECT_EQ(bench.finish, Finish::kError);
  EXPECT_EQ(bench.error->code, ErrorCode::kAuth);
  EXPECT_THAT(bench.shown, IsEmpty());
}

TEST(GenerationOffline, ATextBeyondTheDraftModelsContextEndsWithBothReasons) {
  FakeEngineConfig draft;
  draft.context = static_cast<Pos>(kPrompt.size()) + 1;
  GenerationBench bench(Config(Mode::kSync), draft);
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  for (int i = 0; i < 4; ++i) bench.AnswerOne(cloud);
  LoseForGood(bench);
  EXPECT_EQ(bench.finish, Finish::kError);
  ASSERT_TRUE(bench.error);
  EXPECT_THAT(bench.error->message, HasSubstr("stayed away"));
  EXPECT_THAT(bench.error->message, HasSubstr("its context of 4 is full"));
}

TEST(GenerationOffline, NeedsADraftModel) {
  FakeEngine engine({});
  const auto refusal = [](const GenerationConfig& config, const Engine* draft) {
    const Status status = Generation::Check(config, draft);
    return status ? std::string("accepted") : status.error().message;
  };
  EXPECT_EQ(refusal(Config(Mode::kAuto), &engine), "accepted");
  EXPECT_EQ(refusal(Config(Mode::kEdge), &engine), "accepted");
  EXPECT_THAT(refusal(Config(Mode::kCloud), nullptr), HasSubstr("which mode cloud has not"));
  GenerationConfig looks_up = Config(Mode::kAuto);
  looks_up.ngrams = true;
  EXPECT_THAT(refusal(looks_up, nullptr), HasSubstr("which mode auto with n-grams has not"));
  GenerationConfig split = Config(Mode::kSplit);
  split.cut = ModelCut{.begin = 1, .end = 4, .codec = "f16"};
  EXPECT_THAT(refusal(split, nullptr), HasSubstr("which mode split has not"));
}

}  // namespace
}  // namespace tandem
