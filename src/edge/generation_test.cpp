// The loop against a scripted cloud: what it sends, what it makes of the answers, how it ends. Whole
// conversations with the real cloud are in tests/conversation_test.cpp, hostile clouds in
// generation_faults_test.cpp.
#include "edge/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/generation_bench.h"

namespace tandem {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<Token> kPrompt{5, 6, 7};

GenerationConfig Config(Mode mode) {
  GenerationConfig config;
  config.mode = mode;
  config.prompt = kPrompt;
  config.max_tokens = 12;
  config.sampling.seed = 9;
  config.end_tokens = {2};
  config.software = "tandem test";
  config.vocab = {.size = 64, .digest = Digest{7}};
  return config;
}

// The prompt and ids that no default draft would guess in a row.
ScriptedCloud Cloud(std::vector<Token> continuation = {}) {
  std::vector<Token> text = kPrompt;
  for (Token i = 0; continuation.size() < 40; ++i) continuation.push_back(10 + i % 50);
  text.insert(text.end(), continuation.begin(), continuation.end());
  return ScriptedCloud(text);
}

TEST(Generation, GreetsAndOpensWithNothingButIds) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Start();
  EXPECT_TRUE(bench.dialling);
  EXPECT_THAT(bench.sent, IsEmpty());
  bench.Connect();
  const Frame hello = bench.Take();
  EXPECT_EQ(std::get<Hello>(hello), (Hello{.software = "tandem test", .vocab = Config(Mode::kEdge).vocab}));
  bench.Say(cloud.welcome);
  EXPECT_EQ(std::get<Open>(bench.Take()),
            (Open{.ids = kPrompt, .spans = {{0, 3}}, .sampling = {.seed = 9}, .epoch = 0, .run_until = 0}));
  EXPECT_FALSE(bench.generation().session_open());
  bench.Say(Opened{.length = 3});
  EXPECT_TRUE(bench.generation().session_open());
  const Drafts drafts = std::get<Drafts>(bench.Take());
  EXPECT_EQ(drafts.base, 3);
  EXPECT_THAT(drafts.ids, SizeIs(3));
  EXPECT_THAT(bench.sent, IsEmpty());  // one block at a time
}

TEST(Generation, TellsTheCloudThePartsOfAChat) {
  GenerationConfig config = Config(Mode::kSpeculate);
  config.spans = {{0, 1}, {2, 3}};
  GenerationBench bench(config);
  ScriptedCloud cloud = Cloud();
  bench.Start();
  bench.Connect();
  bench.Take();
  bench.Say(cloud.welcome);
  EXPECT_EQ(std::get<Open>(bench.Take()).spans, config.spans);
}

TEST(Generation, RefusesPartsThatAreNone) {
  GenerationConfig config = Config(Mode::kCloud);
  using Spans = std::vector<PromptSpan>;
  for (const Spans& spans :
       {Spans{{0, 4}}, Spans{{1, 1}}, Spans{{-1, 2}}, Spans{{0, 2}, {1, 3}}, Spans(kMaxSpans + 1, {0, 1})}) {
    config.spans = spans;
    const Status refused = Generation::Check(config, nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  }
  config.spans = {{0, 2}, {2, 3}};
  EXPECT_TRUE(Generation::Check(config, nullptr));
}

TEST(Generation, CloudModeGrantsCreditForTheWholeText) {
  GenerationBench bench(Config(Mode::kCloud));
  ScriptedCloud cloud = Cloud();
  bench.Start();
  bench.Connect();
  bench.AnswerOne(cloud);
  EXPECT_EQ(std::get<Open>(bench.sent.front()).run_until, 15);
  bench.Converse(cloud);
  EXPECT_EQ(bench.finish, Finish::kLength);
  EXPECT_THAT(bench.shown, SizeIs(12));
  EXPECT_THAT(bench.authors, Each(Author::kCloud));
  EXPECT_EQ(bench.stats().rounds, 0u);
  EXPECT_THAT(bench.stats().network, SizeIs(1));  // of the Open alone
  EXPECT_TRUE(std::holds_alternative<Close>(bench.sent.back()));
  EXPECT_EQ(bench.disconnects, 1);
}

TEST(Generation, CreditEndsWhereTheCloudsContextDoes) {
  GenerationBench bench(Config(Mode::kCloud));
  ScriptedCloud cloud = Cloud();
  cloud.welcome.context = 10;
  bench.Start();
  bench.Connect();
  bench.AnswerOne(cloud);
  EXPECT_EQ(std::get<Open>(bench.sent.front()).run_until, 10);
  bench.Converse(cloud);
  EXPECT_EQ(bench.finish, Finish::kLength);
  EXPECT_THAT(bench.shown, SizeIs(7));
  EXPECT_THAT(bench.generation().notes(), ElementsAre(HasSubstr("context of 10")));
}

TEST(Generation, ModeEdgeWritesAloneAndNeverDials) {
  GenerationBench bench(Config(Mode::kEdge));
  bench.Start();
  EXPECT_EQ(bench.dials, 0);
  EXPECT_EQ(bench.finish, Finish::kLength);
  EXPECT_THAT(bench.shown, SizeIs(12));
  EXPECT_THAT(bench.authors, Each(Author::kEdge));
  EXPECT_EQ(bench.stats().generated, 12u);
  EXPECT_EQ(bench.stats().drafted + bench.stats().sent, 0u);
  EXPECT_EQ(bench.generation().NextTimer(), std::nullopt);
}

TEST(Generation, AnEndTokenEndsTheTextAndIsNoPartOfIt) {
  for (const Mode mode : {Mode::kCloud, Mode::kSync}) {
    GenerationBench bench(Config(mode));
    ScriptedCloud cloud = Cloud({20, 21, 2});
    bench.Establish(cloud);
    bench.Converse(cloud);
    EXPECT_EQ(bench.finish, Finish::kStop);
    EXPECT_EQ(bench.shown, (std::vector<Token>{20, 21}));
    EXPECT_EQ(bench.stats().generated, 2u);
    EXPECT_EQ(bench.finishes, 1);
  }
}

TEST(Generation, ADraftedEndTokenEndsTheBlockAndTheText) {
  FakeEngineConfig draft{.end_token = 2, .end_every = 1};  // always ends
  GenerationBench bench(Config(Mode::kSync), draft);
  ScriptedCloud cloud = Cloud({2});
  bench.Establish(cloud);
  EXPECT_EQ(std::get<Drafts>(bench.sent.front()).ids, std::vector<Token>{2});
  bench.Converse(cloud);
  EXPECT_EQ(bench.finish, Finish::kStop);
  EXPECT_THAT(bench.shown, IsEmpty());
  EXPECT_EQ(bench.stats().accepted, 1u);
}

TEST(Generation, BlocksShrinkTowardsTheEndAndToTheCloudsLimit) {
  GenerationConfig config = Config(Mode::kSync);
  config.max_tokens = 3;
  config.draft_length = 8;
  GenerationBench bench(config);
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  EXPECT_THAT(std::get<Drafts>(bench.sent.front()).ids, SizeIs(2));  // and one token of the cloud's
  config.max_tokens = 50;
  GenerationBench limited(config);
  cloud.welcome.max_draft = 4;
  limited.Establish(cloud);
  EXPECT_THAT(std::get<Drafts>(limited.sent.front()).ids, SizeIs(4));
  config.max_tokens = 1;
  GenerationBench one(config);
  one.Establish(cloud);
  EXPECT_THAT(std::get<Drafts>(one.sent.front()).ids, IsEmpty());
}

TEST(Generation, NetworkTimeIsTheRoundTripLessTheServersOwn) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  cloud.server_us = 30'000;
  bench.Establish(cloud);
  bench.now += Micros{50'000};
  bench.AnswerOne(cloud);
  bench.now += Micros{10'000};
  bench.AnswerOne(cloud);  // claims to have taken longer than it did
  EXPECT_THAT(bench.stats().network, ElementsAre(Micros{20'000}, Micros{0}));
  EXPECT_EQ(bench.stats().rounds, 2u);
  EXPECT_EQ(bench.stats().cloud_time, Micros{90'000});
  EXPECT_EQ(bench.stats().first_token, Micros{1'050'000});
}

TEST(Generation, ALostLinkIsDialledAgainAndTheTextContinues) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  bench.AnswerOne(cloud);
  const std::vector<Token> before = bench.shown;
  ASSERT_FALSE(before.empty());
  const uint64_t drafted = bench.stats().drafted;
  bench.Break();
  EXPECT_FALSE(bench.dialling);
  EXPECT_EQ(bench.stats().stale, bench.stats().sent - bench.stats().verified);
  ASSERT_TRUE(bench.WaitForTimer());
  bench.Connect();
  bench.AnswerOne(cloud);
  const Open open = std::get<Open>(bench.sent.front());
  EXPECT_THAT(open.ids, SizeIs(kPrompt.size() + before.size()));
  EXPECT_EQ(open.spans, (std::vector<PromptSpan>{{0, 3}}));
  bench.AnswerOne(cloud);
  EXPECT_EQ(bench.stats().drafted, drafted);  // what was in flight is sent again, not drafted again
  EXPECT_EQ(bench.stats().reconnects, 1u);
  bench.Converse(cloud);
  EXPECT_EQ(bench.finish, Finish::kLength);
  for (size_t i = 0; i < bench.shown.size(); ++i)
    EXPECT_EQ(bench.shown[i], cloud.At(static_cast<Pos>(3 + i)));
}

TEST(Generation, DraftsAheadWhileTheLinkIsAwayButOnlyUpToTheWindow) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  bench.AnswerOne(cloud);
  bench.Break();
  const uint64_t drafted = bench.stats().drafted;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(bench.WaitForTimer());
    bench.Break();
  }
  EXPECT_EQ(bench.stats().drafted, drafted);
  EXPECT_FALSE(bench.finished);
}

TEST(Generation, SaysWhereOneTextIsNotPromised) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  cloud.welcome.exact = false;
  bench.Establish(cloud);
  EXPECT_THAT(bench.generation().notes(), SizeIs(1));
  bench.Break();
  bench.Reestablish(cloud);
  EXPECT_THAT(bench.generation().notes(), SizeIs(1));  // the same cloud again
  bench.Break();
  cloud.welcome.weights[0] = 1;
  bench.Reestablish(cloud);
  EXPECT_THAT(bench.generation().notes(), SizeIs(2));
  bench.Break();
  bench.Reestablish(cloud);
  EXPECT_THAT(bench.generation().notes(), SizeIs(2));  // said once
}

TEST(Generation, ADraftThatFailsEndsTheRunWithItsError) {
  for (const Mode mode : {Mode::kEdge, Mode::kSync}) {
    GenerationBench bench(Config(mode));
    bench.engine().FailNextStep({ErrorCode::kResource, "out of memory"});
    bench.Start();
    EXPECT_EQ(bench.finish, Finish::kError);
    EXPECT_EQ(bench.error->code, ErrorCode::kResource);
  }
}

TEST(Generation, CancelEndsWithTheTextSoFarInEveryState) {
  ScriptedCloud cloud = Cloud();
  for (int state = 0; state < 6; ++state) {
    GenerationBench bench(Config(Mode::kSync));
    bench.Start();
    if (state > 0) bench.Connect();
    if (state > 1) bench.AnswerOne(cloud);
    if (state > 2) bench.AnswerOne(cloud);
    if (state > 3) bench.AnswerOne(cloud);
    if (state > 4) bench.Break();
    const std::vector<Token> shown = bench.shown;
    bench.Cancel();
    EXPECT_EQ(bench.finishes, 1) << state;
    EXPECT_EQ(bench.shown, shown) << state;
    EXPECT_FALSE(bench.error) << state;
    EXPECT_EQ(bench.disconnects, state < 5 ? 1 : 0) << state;
    EXPECT_EQ(bench.stats().sent, bench.stats().verified + bench.stats().stale) << state;
    EXPECT_EQ(bench.generation().NextTimer(), std::nullopt) << state;
    // Whatever was on its way is nobody's now.
    bench.Say(cloud.welcome);
    bench.Break();
    bench.Cancel();
    EXPECT_FALSE(bench.WaitForTimer()) << state;
    EXPECT_EQ(bench.finishes, 1) << state;
  }
}

TEST(GenerationCheck, RefusesWhatCannotBeWrittenWithTheFigures) {
  const FakeEngine draft({.context = 8});
  const auto refused = [&](void (*change)(GenerationConfig&), const Engine* engine) {
    GenerationConfig config = Config(Mode::kSync);
    change(config);
    const Status status = Generation::Check(config, engine);
    return status ? std::string("fine")
                  : std::string(ErrorName(status.error().code)) + ": " + status.error().message;
  };
  EXPECT_EQ(refused([](GenerationConfig&) {}, &draft), "fine");
  EXPECT_EQ(refused([](GenerationConfig& c) { c.mode = Mode::kCloud; }, nullptr), "fine");
  EXPECT_THAT(refused([](GenerationConfig& c) { c.prompt.clear(); }, &draft), HasSubstr("usage"));
  EXPECT_THAT(refused([](GenerationConfig& c) { c.max_tokens = 0; }, &draft), HasSubstr("usage: 0"));
  EXPECT_THAT(refused([](GenerationConfig& c) { c.draft_length = 0; }, &draft), HasSubstr("usage"));
  EXPECT_THAT(refused([](GenerationConfig& c) { c.sampling.top_p = 2; }, &draft), HasSubstr("top_p is 2"));
  EXPECT_THAT(refused([](GenerationConfig&) {}, nullptr), HasSubstr("sync"));
  EXPECT_THAT(refused([](GenerationConfig& c) { c.prompt.assign(8, 1); }, &draft),
              HasSubstr("context: the prompt has 8"));
}

// --- drafts by n-grams

GenerationConfig Lookups(Mode mode) {
  GenerationConfig config = Config(mode);
  config.prompt = {5, 6, 7, 8, 5, 6};
  config.ngrams = true;
  return config;
}

TEST(NgramGeneration, DraftsWithoutAModelAndAsksWhereItKnowsNothing) {
  GenerationConfig config = Lookups(Mode::kSync);
  ASSERT_TRUE(Generation::Check(config, nullptr));
  GenerationBench bench(config);
  ScriptedCloud cloud({5, 6, 7, 8, 5, 6, 7, 8, 40, 41, 42, 40, 41, 42, 43, 44, 45, 46, 47});
  bench.Establish(cloud);
  Drafts drafts = std::get<Drafts>(bench.Take());
  EXPECT_THAT(drafts.ids, ElementsAre(7, 8, 5));
  bench.Say(Verdict{.base = 6, .accepted = 2, .token = 40, .judged = 3});
  drafts = std::get<Drafts>(bench.Take());
  EXPECT_THAT(drafts.ids, IsEmpty()) << "40 was never there: the cloud is asked for a token";
  EXPECT_EQ(drafts.epoch, 1u);
  bench.Say(Verdict{.epoch = 1, .base = 9, .token = 41});
  bench.Take();
  bench.Say(Verdict{.epoch = 1, .base = 10, .token = 42});
  bench.Take();
  bench.Say(Verdict{.epoch = 1, .base = 11, .token = 40});
  EXPECT_THAT(std::get<Drafts>(bench.Take()).ids, ElementsAre(41, 42, 40));
}

TEST(NgramGeneration, WhatItHasGoesOutThoughItIsNoWholeChunk) {
  GenerationConfig config = Lookups(Mode::kSpeculate);
  config.prompt = {5, 6, 7, 5};
  config.draft_length = 8;
  config.max_tokens = 30;
  config.end_tokens = {7};
  GenerationBench bench(config);
  ScriptedCloud cloud = Cloud();
  bench.Start();
  bench.Connect();
  bench.Take();
  bench.Say(cloud.welcome);
  bench.Take();
  bench.Say(Opened{.length = 4});
  EXPECT_THAT(std::get<Drafts>(bench.Take()).ids, ElementsAre(6, 7)) << "its guess ends the text";
}

TEST(NgramGeneration, WritesTheCloudsTextInEveryMode) {
  for (const Mode mode : {Mode::kSync, Mode::kSpeculate, Mode::kAuto}) {
    GenerationConfig config = Lookups(mode);
    config.max_tokens = 14;
    std::vector<Token> text = config.prompt;
    for (const Token id : {7, 8, 5, 6, 7, 9, 5, 6, 7, 9, 5, 6, 7, 8}) text.push_back(id);
    std::vector<Token> scripted = text;
    scripted.resize(text.size() + 40, 11);
    GenerationBench bench(config);
    ScriptedCloud cloud(scripted);
    bench.Establish(cloud);
    bench.Converse(cloud);
    EXPECT_TRUE(bench.finished) << ModeName(mode);
    EXPECT_EQ(bench.generation().text(), text) << ModeName(mode);
    EXPECT_GE(bench.generation().stats().accepted, mode == Mode::kSync ? 6u : 0u);
  }
}

TEST(NgramGeneration, LooksAheadInModeSplitWhereRowsAreCodedOneByOne) {
  GenerationConfig config = Lookups(Mode::kSplit);
  config.cut = ModelCut{.codec = "int8/tensor"};
  EXPECT_THAT(Generation::Check(config, nullptr).error().message, HasSubstr("no look-ahead"));
  config.ngrams = false;
  EXPECT_TRUE(Generation::Check(config, nullptr)) << "a row at a time";
  config.ngrams = true;
  config.cut->codec = "f16";
  EXPECT_TRUE(Generation::Check(config, nullptr));
}

TEST(NgramGeneration, NeedsACloudAndTheCoupledRule) {
  const Status alone = Generation::Check(Lookups(Mode::kEdge), nullptr);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, ErrorCode::kUsage);
  EXPECT_THAT(alone.error().message, HasSubstr("mode edge"));
  GenerationConfig config = Lookups(Mode::kSync);
  config.rule = Rule::kBlock;
  EXPECT_THAT(Generation::Check(config, nullptr).error().message, HasSubstr("rule block"));
  config.rule = Rule::kCoupled;
  config.draft_length = 0;
  EXPECT_FALSE(Generation::Check(config, nullptr));
}

}  // namespace
}  // namespace tandem
