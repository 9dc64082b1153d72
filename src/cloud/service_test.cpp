// Connections of well-behaved edges: handshake, sessions, admission, time-outs, draining, failing steps.
#include "cloud/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Token> Slice(const std::vector<Token>& text, Pos begin, Pos end) {
  return {text.begin() + begin, text.begin() + end};
}

TEST(Service, WelcomesWithWhatTheEdgeMustKnow) {
  ServiceConfig config = TalkConfig();
  config.weights = Digest{9};
  config.max_draft = 1000;
  Talk talk({.context = 300, .max_rows = 128}, config);
  talk.Connect(1);
  talk.Say(1, Hello{.software = "edge", .vocab = config.vocab});
  const std::optional<Welcome> welcome = talk.Next<Welcome>(1);
  ASSERT_TRUE(welcome);
  EXPECT_EQ(*welcome, (Welcome{.software = "cloud under test",
                               .model_name = "fake-1",
                               .vocab = config.vocab,
                               .weights = Digest{9},
                               .fingerprint = "fake",
                               .exact = true,
                               .context = 300,
                               .max_draft = 127,
                               .split = SplitOffer{.layers = kTalkLayers, .width = kFakeRowWidth}}));
}

TEST(Service, AClientWithoutAVocabularyIsWelcome) {
  Talk talk;
  talk.Connect(1);
  talk.Say(1, Hello{.software = "thin", .has_vocab = false});
  EXPECT_TRUE(talk.Next<Welcome>(1));
}

TEST(Service, ASessionFromHelloToCloseAndAgain) {
  Talk talk;
  const Open open = PromptOpen(200, 5);
  const std::vector<Token> text = StraightText({}, open, 240);
  talk.Greet(1);
  talk.Say(1, open);
  talk.Run();
  EXPECT_EQ(talk.Next<Opened>(1), (Opened{.length = 200}));
  talk.Say(1, Drafts{.base = 200, .ids = Slice(text, 200, 203)});
  talk.Run();
  EXPECT_EQ(Bare(talk.Next<Verdict>(1)), (Verdict{.base = 200, .accepted = 3, .token = text[203]}));
  EXPECT_EQ(talk.service.sessions(), 1);
  talk.Say(1, Close{});
  EXPECT_EQ(talk.service.sessions(), 0);
  EXPECT_EQ(talk.engine.open_sequences(), 0);

  Open again = open;  // rebuilt from the ids, the spans as they were
  again.ids = Slice(text, 0, 204);
  again.epoch = 6;
  talk.Say(1, again);
  talk.Run();
  EXPECT_EQ(talk.Next<Opened>(1), (Opened{.length = 204}));
  talk.Say(1, Drafts{.epoch = 6, .base = 204, .ids = {}});
  talk.Run();
  EXPECT_EQ(Bare(talk.Next<Verdict>(1)), (Verdict{.epoch = 6, .base = 204, .token = text[204]}));
  EXPECT_THAT(talk.closed, IsEmpty());
}

TEST(Service, StreamsOnCredit) {
  Talk talk;
  const Open open = PromptOpen(10, 5, 30);
  const std::vector<Token> text = StraightText({}, open, 40);
  talk.Begin(1, open);
  ASSERT_TRUE(talk.Next<Opened>(1));
  talk.Say(1, Credit{.run_until = 40});
  talk.Run();
  for (Pos at = 10; at < 40; ++at) {
    EXPECT_EQ(Bare(talk.Next<Verdict>(1)), (Verdict{.base = at, .token = text[static_cast<size_t>(at)]}));
  }
  EXPECT_FALSE(talk.service.WorkDue());
}

TEST(Service, DraftsMayComeBeforeOpened) {
  Talk talk;
  const Open open = PromptOpen(200, 5);
  const std::vector<Token> text = StraightText({}, open, 202);
  talk.Greet(1);
  talk.Say(1, open);
  talk.Say(1, Drafts{.base = 200, .ids = Slice(text, 200, 201)});
  talk.Run();
  EXPECT_TRUE(talk.Next<Opened>(1));
  EXPECT_EQ(Bare(talk.Next<Verdict>(1)), (Verdict{.base = 200, .accepted = 1, .token = text[201]}));
}

TEST(Service, BusyWhenFullAndTheConnectionStays) {
  ServiceConfig config = TalkConfig();
  config.max_sessions = 1;
  Talk talk({}, config);
  talk.Begin(1, PromptOpen(4));
  talk.Greet(2);
  talk.Say(2, PromptOpen(4));
  const std::optional<Fault> busy = talk.Next<Fault>(2);
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->code, ErrorCode::kBusy);
  EXPECT_GT(busy->retry_after_ms, 0u);
  EXPECT_THAT(busy->message, HasSubstr("all 1 sessions"));
  EXPECT_THAT(talk.closed, IsEmpty());
  talk.Disconnect(1);
  talk.Say(2, PromptOpen(4));
  talk.Run();
  EXPECT_TRUE(talk.Next<Opened>(2));
  EXPECT_EQ(talk.service.stats().sessions_refused, 1u);
}

TEST(Service, BusyWhenTheEngineHasNoSequence) {
  Talk talk({.max_sequences = 1});
  talk.Begin(1, PromptOpen(4));
  talk.Begin(2, PromptOpen(4));
  EXPECT_EQ(talk.Next<Fault>(2).value().code, ErrorCode::kBusy);
  EXPECT_EQ(talk.service.sessions(), 1);
}

TEST(Service, TooManyConnections) {
  ServiceConfig config = TalkConfig();
  config.max_connections = 2;
  Talk talk({}, config);
  for (ConnId conn : {1, 2, 3}) talk.Connect(conn);
  EXPECT_EQ(talk.Next<Fault>(3).value().code, ErrorCode::kBusy);
  EXPECT_EQ(talk.closed, std::set<ConnId>{3});
  talk.Disconnect(1);
  talk.Connect(4);
  EXPECT_EQ(talk.closed, std::set<ConnId>{3});
}

TEST(Service, DrainingFinishesWhatIsThere) {
  Talk talk;
  talk.Begin(1, PromptOpen(4));
  EXPECT_FALSE(talk.service.Drained());
  talk.service.Drain();
  EXPECT_FALSE(talk.service.Drained());
  talk.Greet(2);
  talk.Say(2, PromptOpen(4));
  EXPECT_EQ(talk.Next<Fault>(2).value().code, ErrorCode::kBusy);
  ASSERT_TRUE(talk.Next<Opened>(1));
  talk.Say(1, Drafts{.base = 4, .ids = {}});
  talk.Run();
  EXPECT_TRUE(talk.Next<Verdict>(1));
  talk.Say(1, Close{});
  EXPECT_TRUE(talk.service.Drained());
}

TEST(Service, ShutdownSaysComeBackLater) {
  Talk talk;
  talk.Begin(1, PromptOpen(4));
  talk.Greet(2);
  talk.heard.clear();
  for (const Action& action : talk.service.Shutdown()) {
    if (action.kind == Action::Kind::kClose) continue;
    EXPECT_EQ(std::get<Fault>(Decode(action.frame).value()).code, ErrorCode::kBusy);
    talk.closed.insert(action.conn);
  }
  EXPECT_EQ(talk.closed, (std::set<ConnId>{1, 2}));
  EXPECT_EQ(talk.engine.open_sequences(), 0);
}

TEST(Service, SilentConnectionsEnd) {
  ServiceConfig config = TalkConfig();
  Talk talk({}, config);
  talk.Connect(1);               // never says Hello
  talk.Greet(2);                 // never opens
  talk.Begin(3, PromptOpen(4));  // never goes on
  talk.heard.clear();
  talk.Wait(config.hello_timeout - Micros{1});
  talk.Tick();
  EXPECT_THAT(talk.closed, IsEmpty());
  talk.Wait(Micros{1});
  talk.Tick();
  EXPECT_EQ(talk.closed, std::set<ConnId>{1});
  EXPECT_EQ(talk.Next<Fault>(1).value().code, ErrorCode::kNetwork);
  talk.Say(3, Drafts{.base = 4, .ids = {}});
  talk.Run();
  talk.Wait(config.session_timeout - config.hello_timeout);
  talk.Tick();
  EXPECT_EQ(talk.closed, (std::set<ConnId>{1, 2}));
  talk.Wait(config.hello_timeout);
  talk.Tick();
  EXPECT_EQ(talk.closed, (std::set<ConnId>{1, 2, 3}));
  EXPECT_EQ(talk.engine.open_sequences(), 0);
}

TEST(Service, WhoWaitsForTheEngineIsNotIdle) {
  Talk talk;
  talk.Greet(1);
  talk.Say(1, PromptOpen(300));
  talk.Wait(TalkConfig().session_timeout * 3);
  talk.Tick();
  EXPECT_THAT(talk.closed, IsEmpty());
  talk.Run();
  talk.Tick();
  EXPECT_THAT(talk.closed, IsEmpty()) << "the edge's patience begins with Opened";
  talk.Wait(TalkConfig().session_timeout);
  talk.Tick();
  EXPECT_EQ(talk.closed, std::set<ConnId>{1});
}

TEST(Service, ServerTimeHoldsThePromptAndTheQueue) {
  Talk talk;
  talk.Greet(1);
  talk.Say(1, PromptOpen(20));
  talk.Wait(Micros{50});
  ASSERT_TRUE(talk.Plan());
  talk.Wait(Micros{25});
  talk.Compute();
  EXPECT_EQ(talk.Next<Opened>(1), (Opened{.length = 20, .server_us = 75}));
}

TEST(Service, AFailedStepEndsItsSessionsAndNoOther) {
  Talk talk;
  const Open open = PromptOpen(6, 3);
  const std::vector<Token> text = StraightText({}, open, 8);
  for (ConnId conn : {1, 2, 3}) talk.Begin(conn, open);
  talk.heard.clear();
  talk.Say(1, Drafts{.base = 6, .ids = {}});
  talk.Say(2, Drafts{.base = 6, .ids = {}});
  talk.engine.FailNextStep({ErrorCode::kResource, "out of memory for 2 rows"});
  ASSERT_TRUE(talk.Plan());
  talk.Say(3, Drafts{.base = 6, .ids = {}});
  talk.Compute();
  for (ConnId conn : {1, 2}) {
    const std::optional<Fault> fault = talk.Next<Fault>(conn);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->code, ErrorCode::kResource);
    EXPECT_EQ(fault->message, "out of memory for 2 rows");
  }
  EXPECT_EQ(talk.closed, (std::set<ConnId>{1, 2}));
  talk.Run();
  EXPECT_EQ(Bare(talk.Next<Verdict>(3)), (Verdict{.base = 6, .token = text[6]}));
  talk.Begin(4, open);
  EXPECT_TRUE(talk.Next<Opened>(4));
}

TEST(Service, WhoLeavesDuringAStepIsReleasedAfterIt) {
  for (const bool closes : {false, true}) {
    Talk talk;
    talk.Begin(1, PromptOpen(6));
    talk.Begin(2, PromptOpen(6));
    talk.heard.clear();
    for (ConnId conn : {1, 2}) talk.Say(conn, Drafts{.base = 6, .ids = {5, 6}});
    ASSERT_TRUE(talk.Plan());
    closes ? talk.Say(1, Close{}) : talk.Disconnect(1);
    EXPECT_EQ(talk.engine.open_sequences(), 2) << "the step needs it";
    if (closes) talk.Say(1, PromptOpen(9));
    talk.Compute();
    EXPECT_EQ(talk.engine.open_sequences(), closes ? 2 : 1);
    EXPECT_THAT(talk.heard[1], IsEmpty());
    EXPECT_TRUE(talk.Next<Verdict>(2));
    talk.Run();
    EXPECT_EQ(talk.Next<Opened>(1).has_value(), closes);
  }
}

TEST(Service, CountsWhatItsSessionsDid) {
  Talk talk;
  const Open open = PromptOpen(6, 3);
  const std::vector<Token> text = StraightText({}, open, 10);
  talk.Begin(1, open);
  talk.Say(1, Drafts{.base = 6, .ids = {text[6], (text[7] + 1) % 64, 1}});
  talk.Run();
  talk.Disconnect(1);
  const ServiceStats& stats = talk.service.stats();
  EXPECT_EQ(stats.sessions_opened, 1u);
  EXPECT_EQ(stats.steps, 2u);
  EXPECT_EQ(stats.rows, 5u + 4u);
  EXPECT_EQ(stats.tokens_committed, 2u);
  EXPECT_EQ(stats.drafts_verified, 2u);
  EXPECT_EQ(stats.drafts_accepted, 1u);
  EXPECT_EQ(stats.drafts_stale, 1u);
  EXPECT_EQ(stats.sessions_faulted, 0u);
}

TEST(Service, RefusesEnginesTooSmallForAPrompt) {
  EngineInfo info;
  info.max_rows = 63;
  EXPECT_THAT(Service::Check(info, TalkConfig()).error().message, HasSubstr("63 rows"));
  info.max_rows = 64;
  EXPECT_TRUE(Service::Check(info, TalkConfig()));
  ServiceConfig config = TalkConfig();
  config.max_sessions = 0;
  EXPECT_FALSE(Service::Check(info, config));
}

}  // namespace
}  // namespace tandem
