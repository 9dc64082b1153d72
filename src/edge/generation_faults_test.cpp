// Clouds that refuse, lie, babble or fall silent. Whatever they say, the text that stands stays, and the run
// ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "edge/generation_bench.h"
#include "wire/frame_samples.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<Token> kPrompt{5, 6, 7};

GenerationConfig Config(Mode mode) {
  GenerationConfig config;
  config.mode = mode;
  config.prompt = kPrompt;
  config.max_tokens = 30;
  config.vocab = {.size = 64, .digest = Digest{7}};
  config.retry_for = Micros{60'000'000};
  return config;
}

ScriptedCloud Cloud() {
  std::vector<Token> text = kPrompt;
  for (Token i = 0; i < 60; ++i) text.push_back(10 + i % 50);
  return ScriptedCloud(text);
}

TEST(GenerationFaults, AWelcomeThatDoesNotFitEndsTheRunWithTheFigures) {
  const auto refused = [](void (*change)(Welcome&)) {
    GenerationBench bench(Config(Mode::kSync));
    ScriptedCloud cloud = Cloud();
    change(cloud.welcome);
    bench.Start();
    bench.Connect();
    bench.AnswerOne(cloud);
    EXPECT_TRUE(bench.finished);
    EXPECT_EQ(bench.disconnects, 1);
    EXPECT_THAT(bench.sent, IsEmpty());
    return std::string(ErrorName(bench.error->code)) + ": " + bench.error->message;
  };
  EXPECT_THAT(refused([](Welcome& w) { w.version = 9; }),
              HasSubstr("protocol: the cloud (scripted) speaks protocol 9"));
  EXPECT_THAT(refused([](Welcome& w) { w.vocab.size = 65; }), HasSubstr("64 ids at the edge, 65 ids"));
  EXPECT_THAT(refused([](Welcome& w) { w.vocab.digest[3] = 1; }),
              HasSubstr("model: the vocabularies differ"));
  EXPECT_THAT(refused([](Welcome& w) { w.context = 3; }), HasSubstr("context: "));
}

TEST(GenerationFaults, AFirstConnectionThatFailsEndsTheRunAtOnce) {
  ScriptedCloud cloud = Cloud();
  for (int stage = 0; stage < 3; ++stage) {
    for (const bool silent : {false, true}) {
      GenerationBench bench(Config(Mode::kSync));
      bench.Start();
      if (stage > 0) bench.Connect();
      if (stage > 1) bench.AnswerOne(cloud);
      if (silent && stage == 0) continue;  // a dial has the transport's own time-out
      if (silent) {
        ASSERT_TRUE(bench.WaitForTimer());
      } else {
        bench.Break();
      }
      EXPECT_EQ(bench.finish, Finish::kError) << stage;
      EXPECT_EQ(bench.error->code, ErrorCode::kNetwork) << stage;
      EXPECT_EQ(bench.dials, 1) << stage;
    }
  }
}

TEST(GenerationFaults, EveryCloudIsTriedOnceBeforeTheFirstSession) {
  GenerationConfig config = Config(Mode::kSync);
  config.clouds = 3;
  GenerationBench bench(config);
  ScriptedCloud cloud = Cloud();
  const Micros begin = bench.now;
  bench.Start();
  bench.Break();  // nobody there
  ASSERT_TRUE(bench.WaitForTimer());
  bench.Connect();
  bench.AnswerOne(cloud);
  bench.Say(Fault{.code = ErrorCode::kBusy, .message = "full", .retry_after_ms = 9'000});
  ASSERT_FALSE(bench.finished);
  bench.Reestablish(cloud);
  EXPECT_EQ(bench.now, begin);  // without a wait in between
  EXPECT_EQ(bench.dials, 3);
  EXPECT_EQ(bench.stats().reconnects, 0u);
  bench.Converse(cloud);
  EXPECT_EQ(bench.finish, Finish::kLength);
}

TEST(GenerationFaults, TheLastCloudsFailureEndsTheRun) {
  GenerationConfig config = Config(Mode::kSync);
  config.clouds = 2;
  GenerationBench bench(config);
  bench.Start();
  bench.Break();
  ASSERT_TRUE(bench.WaitForTimer());
  bench.Break(ErrorCode::kBusy);
  EXPECT_EQ(bench.finish, Finish::kError);
  EXPECT_EQ(bench.error->code, ErrorCode::kBusy);
  EXPECT_EQ(bench.dials, 2);
  GenerationBench wrong(config);  // what trying again cannot help is told at once
  wrong.Start();
  wrong.Break(ErrorCode::kAuth);
  EXPECT_EQ(wrong.error->code, ErrorCode::kAuth);
}

TEST(GenerationFaults, ALostCloudsPlaceIsTakenAtOnce) {
  GenerationConfig config = Config(Mode::kSync);
  config.clouds = 2;
  GenerationBench bench(config);
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  bench.Break();
  const Micros lost = bench.now;
  bench.Reestablish(cloud);
  EXPECT_EQ(bench.now, lost);
  bench.Break();  // before it said anything: both are gone, and patience begins
  ASSERT_TRUE(bench.WaitForTimer());
  EXPECT_GT(bench.now, lost);
  EXPECT_EQ(bench.dials, 3);
}

TEST(GenerationFaults, FaultsBeforeTheFirstSessionEndTheRunWithTheirCode) {
  for (const ErrorCode code : {ErrorCode::kBusy, ErrorCode::kAuth, ErrorCode::kModel, ErrorCode::kInternal}) {
    GenerationBench bench(Config(Mode::kSync));
    ScriptedCloud cloud = Cloud();
    bench.Start();
    bench.Connect();
    bench.AnswerOne(cloud);
    bench.Say(Fault{.code = code, .message = "no 17"});
    EXPECT_EQ(bench.finish, Finish::kError);
    EXPECT_EQ(bench.error->code, code);
    EXPECT_THAT(bench.error->message, HasSubstr("no 17"));
  }
}

TEST(GenerationFaults, LaterFaultsEndTheRunOnlyWhereTryingAgainCannotHelp) {
  for (const ErrorCode code :
       {ErrorCode::kUsage, ErrorCode::kModel, ErrorCode::kContext, ErrorCode::kProtocol, ErrorCode::kAuth,
        ErrorCode::kBusy, ErrorCode::kNetwork, ErrorCode::kInternal, ErrorCode::kResource}) {
    const bool again = code == ErrorCode::kBusy || code == ErrorCode::kNetwork ||
                       code == ErrorCode::kInternal || code == ErrorCode::kResource;
    GenerationBench bench(Config(Mode::kSync));
    ScriptedCloud cloud = Cloud();
    bench.Establish(cloud);
    bench.AnswerOne(cloud);
    const std::vector<Token> before = bench.shown;
    bench.Say(Fault{.code = code, .message = "no 17"});
    EXPECT_EQ(bench.finished, !again) << ErrorName(code);
    EXPECT_EQ(bench.shown, before);
    if (!again) {
      EXPECT_EQ(bench.error->code, code);
    }
  }
}

TEST(GenerationFaults, ABusyCloudIsNotAskedBeforeItsHint) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  bench.Say(Fault{.code = ErrorCode::kBusy, .message = "full", .retry_after_ms = 7'000});
  EXPECT_EQ(bench.generation().NextTimer(), bench.now + Micros{7'000'000});
  bench.Reestablish(cloud);
  EXPECT_FALSE(bench.finished);
}

TEST(GenerationFaults, SilenceIsALostLink) {
  for (const Mode mode : {Mode::kSync, Mode::kCloud}) {
    GenerationConfig config = Config(mode);
    config.reply_timeout = Micros{3'000'000};
    GenerationBench bench(config);
    ScriptedCloud cloud = Cloud();
    bench.Start();
    bench.Connect();
    bench.AnswerOne(cloud);
    bench.Say(Opened{.length = 3});
    EXPECT_EQ(bench.generation().NextTimer(), bench.now + Micros{3'000'000});
    ASSERT_TRUE(bench.WaitForTimer());
    EXPECT_EQ(bench.disconnects, 1);
    EXPECT_FALSE(bench.finished);
    ASSERT_TRUE(bench.WaitForTimer());
    EXPECT_TRUE(bench.dialling);
  }
}

// Admits sessions and never writes: each session is a fresh hope, but patience counts from the first loss.
TEST(GenerationFaults, ACloudThatOnlyEverAdmitsIsGivenUp) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  bench.AnswerOne(cloud);
  const Micros lost = bench.now;
  const std::vector<Token> before = bench.shown;
  int sessions = 0;
  for (; !bench.finished && sessions < 1000; ++sessions) {
    bench.Break();
    if (bench.finished) break;
    bench.Reestablish(cloud);
  }
  EXPECT_EQ(bench.finish, Finish::kError);
  EXPECT_EQ(bench.error->code, ErrorCode::kNetwork);
  EXPECT_THAT(bench.error->message, HasSubstr("60.0 s"));
  EXPECT_EQ(bench.now - lost, Micros{60'000'000});
  EXPECT_LT(sessions, 250);
  EXPECT_EQ(bench.shown, before);
}

TEST(GenerationFaults, PatienceBeginsAnewOnceTheTextHasGrown) {
  GenerationBench bench(Config(Mode::kSync));
  ScriptedCloud cloud = Cloud();
  bench.Establish(cloud);
  for (int loss = 0; loss < 4; ++loss) {
    const size_t before = bench.shown.size();
    bench.AnswerOne(cloud);
    ASSERT_GT(bench.shown.size(), before);
    bench.Break();
    for (const Micros until = bench.now + Micros{40'000'000}; bench.now < until;) {
      ASSERT_TRUE(bench.WaitForTimer());
      bench.Break();
    }
    ASSERT_FALSE(bench.finished) << loss;
    bench.Reestablish(cloud);
  }
}

struct Lie {
  const char* name;
  Bytes (*bytes)(const Drafts&);
};

Bytes Verdicts(const Drafts& d, Verdict change) {
  change.epoch += d.epoch;
  change.base += d.base;
  return Encode(change);
}

const Lie kLies[] = {
    {"wrong epoch", [](const Drafts& d) { return Verdicts(d, {.epoch = 1, .token = 5}); }},
    {"base behind", [](const Drafts& d) { return Verdicts(d, {.base = -1, .token = 5}); }},
    {"base ahead", [](const Drafts& d) { return Verdicts(d, {.base = 1, .token = 5}); }},
    {"more accepted than sent", [](const Drafts& d) { return Verdicts(d, {.accepted = 4, .token = 5}); }},
    {"id past the vocabulary", [](const Drafts& d) { return Verdicts(d, {.token = 64}); }},
    {"welcome again", [](const Drafts&) { return Encode(Cloud().welcome); }},
    {"opened again", [](const Drafts& d) { return Encode(Opened{.length = d.base}); }},
    {"hello", [](const Drafts&) { return Encode(SampleHello()); }},
    {"open", [](const Drafts&) { return Encode(SampleOpen(4)); }},
    {"drafts", [](const Drafts& d) { return Encode(d); }},
    {"credit", [](const Drafts&) { return Encode(Credit{.run_until = 20}); }},
    {"close", [](const Drafts&) { return Encode(Close{}); }},
    {"nothing", [](const Drafts&) { return Bytes{}; }},
    {"noise", [](const Drafts&) { return Bytes{6, 255, 255, 255, 255, 255, 255, 1}; }},
    {"no such kind",
     [](const Drafts&) {
       return Bytes{200, 1, 2};
     }},
};

TEST(GenerationFaults, EveryLieCostsTheLinkAndTheThirdEndsTheRun) {
  for (const Lie& lie : kLies) {
    SCOPED_TRACE(lie.name);
    GenerationBench bench(Config(Mode::kSync));
    ScriptedCloud cloud = Cloud();
    bench.Establish(cloud);
    for (int time = 1; time <= 3; ++time) {
      bench.AnswerOne(cloud);
      const std::vector<Token> before = bench.shown;
      ASSERT_FALSE(bench.finished);
      bench.SayBytes(lie.bytes(std::get<Drafts>(bench.Take())));
      EXPECT_EQ(bench.disconnects, time);
      EXPECT_EQ(bench.shown, before);
      EXPECT_EQ(bench.stats().sent, bench.stats().verified + bench.stats().stale);
      if (time < 3) bench.Reestablish(cloud);
    }
    EXPECT_EQ(bench.finish, Finish::kError);
    EXPECT_EQ(bench.error->code, ErrorCode::kProtocol);
  }
}

TEST(GenerationFaults, ALieOnTheFirstConnectionEndsTheRunAsABreachOfTheProtocol) {
  ScriptedCloud cloud = Cloud();
  const Bytes lies[] = {Bytes{1, 2, 3}, Encode(Opened{.length = 4}), Encode(Verdict{.base = 3, .token = 1})};
  for (const Bytes& lie : lies) {
    GenerationBench bench(Config(Mode::kSync));
    bench.Start();
    bench.Connect();
    bench.AnswerOne(cloud);
    bench.SayBytes(lie);
    EXPECT_EQ(bench.finish, Finish::kError);
    EXPECT_EQ(bench.error->code, ErrorCode::kProtocol);
    EXPECT_EQ(bench.dials, 1);
    EXPECT_EQ(bench.disconnects, 1);
  }
}

// One event of a cloud, link and user that may do anything, likely enough the right thing to get far.
void AnyEvent(GenerationBench& bench, ScriptedCloud& cloud) {
  const int dice = *rc::gen::inRange(0, 20);
  if (dice < 10 && !bench.sent.empty()) return bench.AnswerOne(cloud);
  if (dice < 13 && bench.dialling) return bench.Connect();
  if (dice < 16) return (void)bench.WaitForTimer();
  if (dice == 16) return bench.Break(static_cast<ErrorCode>(*rc::gen::inRange(0, 10)));
  if (dice == 17) return bench.Say(*AnyFrame());
  if (dice == 18) return bench.SayBytes(*rc::gen::arbitrary<Bytes>());
  const Pos base = static_cast<Pos>(bench.generation().text().size());
  bench.Say(Verdict{.epoch = *rc::gen::inRange<uint32_t>(0, 3),
                    .base = base,
                    .accepted = *rc::gen::inRange(0, 4),
                    .token = *rc::gen::inRange(0, 70)});
}

RC_GTEST_PROP(GenerationFaultsProperty, WhateverHappensTheTextOnlyGrowsAndTheCountsAddUp, ()) {
  const Mode mode = *rc::gen::element(Mode::kSync, Mode::kCloud);
  GenerationBench bench(Config(mode));
  ScriptedCloud cloud = Cloud();
  bench.Start();
  for (int events = 0; events < 120 && !bench.finished; ++events) {
    const std::vector<Token> before = bench.generation().text();
    AnyEvent(bench, cloud);
    const std::vector<Token>& after = bench.generation().text();
    RC_ASSERT(after.size() >= before.size());
    RC_ASSERT(std::equal(before.begin(), before.end(), after.begin()));
    RC_ASSERT(after.size() == kPrompt.size() + bench.shown.size());
    RC_ASSERT(bench.stats().sent >= bench.stats().verified + bench.stats().stale);
  }
  if (!bench.finished) bench.Cancel();
  RC_ASSERT(bench.finishes == 1);
  RC_ASSERT(bench.stats().sent == bench.stats().verified + bench.stats().stale);
  RC_ASSERT(bench.stats().generated <= 30u);
}

}  // namespace
}  // namespace tandem
