// Prompts that begin alike: computed once, and every text as it would be alone.
#include "cloud/prefix_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using Spans = std::vector<PromptSpan>;

// A service that keeps `kept` texts, over an engine with sequences for them.
Talk SharingTalk(int kept = 2, size_t kv_memory = 0) {
  ServiceConfig config = TalkConfig();
  config.prefix_cache = kept;
  config.kv_memory = kv_memory;
  return Talk({.context = 1024, .position_bytes = 1}, config);
}

// `shared` ids that all have in common, then `own` of a kind.
Open Asks(Pos shared, Pos own, int kind, Pos run_until = 0) {
  Open open = PromptOpen(shared, 1, run_until);
  for (Pos i = 0; i < own; ++i) open.ids.push_back((kind * 7 + i) % 60 + 1);
  open.spans = {{0, shared + own}};
  return open;
}

std::vector<Token> TextOf(const Open& open, Pos length) {
  return StraightText({.context = 1024}, open, length);
}

// Asks for one token and compares it.
void ExpectRight(Talk& talk, ConnId conn, const Open& open) {
  const auto length = static_cast<Pos>(open.ids.size());
  ASSERT_TRUE(talk.Next<Opened>(conn));
  talk.Say(conn, Drafts{.base = length, .ids = {}});
  talk.Run();
  EXPECT_EQ(Bare(talk.Next<Verdict>(conn)),
            (Verdict{.base = length, .token = TextOf(open, length + 1).back()}));
}

TEST(SharedRows, EndWhereIdsDiffer) {
  const std::vector<Token> a(300, 1);
  std::vector<Token> b = a;
  b[200] = 2;
  const Spans spans{{0, 300}};
  EXPECT_EQ(SharedRows({a, spans}, {b, spans}), 192) << "a bulk block is shared as a whole";
  EXPECT_EQ(SharedRows({a, {}}, {b, {}}), 200) << "small rows one by one";
  EXPECT_EQ(SharedRows({std::span(a).first(150), spans}, {a, spans}), 128);
}

TEST(SharedRows, EndWhereKernelClassesDiffer) {
  const std::vector<Token> ids(300, 1);
  const Spans whole{{0, 300}}, half{{0, 150}}, later{{10, 300}};
  EXPECT_EQ(SharedRows({ids, half}, {ids, whole}), 128);
  EXPECT_EQ(SharedRows({ids, whole}, {ids, half}), 128);
  EXPECT_EQ(SharedRows({ids, later}, {ids, whole}), 0) << "its first block is small there";
  EXPECT_EQ(SharedRows({ids, half}, {ids, half}), 300);
}

TEST(PrefixCache, ASessionTakesOverWhatAnotherHasComputed) {
  Talk talk = SharingTalk();
  const Open first = Asks(200, 30, 1), second = Asks(200, 40, 2);
  talk.Begin(1, first);
  const uint64_t before = talk.engine.rows();
  talk.Begin(2, second);
  EXPECT_EQ(talk.engine.rows() - before, 240u - 1 - 200);
  EXPECT_EQ(talk.service.stats().rows_shared, 200u);
  ExpectRight(talk, 2, second);
  ExpectRight(talk, 1, first);
}

TEST(PrefixCache, ManyThatComeAtOnceComputeItOnce) {
  Talk talk = SharingTalk();
  uint64_t own = 0;
  for (ConnId conn = 1; conn <= 5; ++conn) {
    talk.Greet(conn);
    talk.Say(conn, Asks(512, 20 + static_cast<Pos>(conn), static_cast<int>(conn)));
    own += 20 + conn - 1;
  }
  talk.Run();
  EXPECT_EQ(talk.engine.rows(), 512u + own);
  for (ConnId conn = 1; conn <= 5; ++conn)
    ExpectRight(talk, conn, Asks(512, 20 + static_cast<Pos>(conn), static_cast<int>(conn)));
}

TEST(PrefixCache, EqualPromptsAreOpenedTogether) {
  Talk talk = SharingTalk();
  const Open open = Asks(100, 30, 1);
  for (const ConnId conn : {1, 2}) {
    talk.Greet(conn);
    talk.Say(conn, open);
  }
  talk.Run();
  EXPECT_EQ(talk.engine.rows(), 130u) << "a single row is not worth the search";
  ExpectRight(talk, 1, open);
  ExpectRight(talk, 2, open);
}

TEST(PrefixCache, ALostLeaderHoldsNobodyUp) {
  Talk talk = SharingTalk();
  for (const ConnId conn : {1, 2}) {
    talk.Greet(conn);
    talk.Say(conn, Asks(900, 30, static_cast<int>(conn)));
  }
  ASSERT_TRUE(talk.Plan());
  ASSERT_EQ(talk.rows.size(), 1u) << "the second waits for the first one's rows";
  talk.Disconnect(1);
  talk.Compute();
  talk.Run();
  ExpectRight(talk, 2, Asks(900, 30, 2));
}

TEST(PrefixCache, ATextThatEndedServesTheNext) {
  Talk talk = SharingTalk(1);
  talk.Begin(1, Asks(300, 10, 1));
  talk.Disconnect(1);
  EXPECT_EQ(talk.service.cached_texts(), 1);
  EXPECT_EQ(talk.engine.open_sequences(), 1);
  const uint64_t before = talk.engine.rows();
  const Open next = Asks(300, 10, 2);
  talk.Begin(2, next);
  EXPECT_EQ(talk.engine.rows() - before, 310u - 1 - 300);
  ExpectRight(talk, 2, next);
}

TEST(PrefixCache, ARebuiltTextComputesNothingTwice) {
  Talk talk = SharingTalk(1);
  const Open open = Asks(200, 0, 1, 260);
  talk.Begin(1, open);
  talk.Disconnect(1);
  const std::vector<Token> text = TextOf(open, 300);
  const uint64_t before = talk.engine.rows();
  Open again = open;
  again.ids.assign(text.begin(), text.begin() + 250);
  again.run_until = 270;
  talk.Begin(2, again);
  EXPECT_EQ(talk.engine.rows() - before, 20u);
  ASSERT_TRUE(talk.Next<Opened>(2));
  for (Pos at = 250; at < 270; ++at)
    EXPECT_EQ(Bare(talk.Next<Verdict>(2)), (Verdict{.base = at, .token = text[static_cast<size_t>(at)]}));
}

TEST(PrefixCache, AChatsNextTurnComputesTheNewPart) {
  Talk talk = SharingTalk(1);
  const Open turn = Asks(200, 0, 1, 230);
  talk.Begin(1, turn);
  talk.Disconnect(1);
  Open next = turn;
  next.ids = TextOf(turn, 230);
  for (int i = 0; i < 20; ++i) next.ids.push_back(5);
  next.spans = {{0, 200}, {230, 250}};
  next.run_until = 0;
  const uint64_t before = talk.engine.rows();
  talk.Begin(2, next);
  EXPECT_EQ(talk.engine.rows() - before, 20u) << "the answer's last id and the question but its last";
  ExpectRight(talk, 2, next);
}

TEST(PrefixCache, KeepsTheLongerOfTwoAndTheLatest) {
  FakeEngine engine({.max_sequences = 8});
  PrefixCache cache(2);
  const auto text = [&](Pos length, Token id) {
    return CachedText{std::make_unique<SequenceLease>(engine, engine.Open().value()),
                      std::vector<Token>(static_cast<size_t>(length), id),
                      {}};
  };
  cache.Keep(text(10, 1));
  EXPECT_EQ(cache.texts(), 0) << "too short";
  cache.Keep(text(100, 1));
  cache.Keep(text(200, 1));
  EXPECT_EQ(cache.positions(), 200);
  cache.Keep(text(150, 1));
  EXPECT_EQ(cache.positions(), 200);
  cache.Keep(text(70, 2));
  cache.Keep(text(80, 3));
  EXPECT_EQ(cache.positions(), 150) << "the text of ones was of use longest ago";
  EXPECT_EQ(engine.open_sequences(), 2);
  EXPECT_TRUE(cache.DropOldest());
  EXPECT_EQ(cache.positions(), 80);
  EXPECT_TRUE(cache.DropOldest());
  EXPECT_FALSE(cache.DropOldest());
  EXPECT_EQ(engine.open_sequences(), 0);
}

TEST(PrefixCache, OfZeroTextsSharesNothing) {
  Talk talk = SharingTalk(0);
  talk.Begin(1, Asks(200, 30, 1));
  talk.Begin(2, Asks(200, 30, 2));
  EXPECT_EQ(talk.engine.rows(), 2 * 229u);
  talk.Disconnect(1);
  talk.Disconnect(2);
  EXPECT_EQ(talk.engine.open_sequences(), 0);
}

// ---- Memory ----

TEST(CacheMemory, AnOpenThatDoesNotFitFindsNoRoom) {
  Talk talk = SharingTalk(0, 1200);
  talk.Begin(1, Asks(700, 0, 1));
  ASSERT_TRUE(talk.Next<Opened>(1));
  talk.Greet(2);
  talk.Say(2, Asks(400, 0, 2));
  const std::optional<Fault> busy = talk.Next<Fault>(2);
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->code, ErrorCode::kBusy);
  EXPECT_THAT(busy->message, testing::HasSubstr("room for 500 positions, 656 are needed"));
  talk.Say(2, Asks(200, 0, 2));
  talk.Run();
  EXPECT_TRUE(talk.Next<Opened>(2)) << "its connection stayed, and less fits";
}

TEST(CacheMemory, KeptTextsMakeWay) {
  Talk talk = SharingTalk(4, 1200);
  talk.Begin(1, Asks(400, 0, 1));
  talk.Disconnect(1);
  ASSERT_EQ(talk.service.cached_texts(), 1);
  Open other = Asks(0, 900, 3);
  talk.Begin(2, other);
  EXPECT_TRUE(talk.Next<Opened>(2));
  EXPECT_EQ(talk.service.cached_texts(), 0);
}

TEST(CacheMemory, TheYoungestMakesWayWhenTextsOutgrowIt) {
  Talk talk = SharingTalk(0, 1200);
  const Open old = Asks(500, 0, 1, 1000), young = Asks(300, 0, 2, 1000);
  for (const auto& [conn, open] : {std::pair{1, old}, std::pair{2, young}}) {
    talk.Greet(static_cast<ConnId>(conn));
    talk.Say(static_cast<ConnId>(conn), open);
  }
  talk.Run();
  std::optional<Fault> fault;
  while (!talk.heard[2].empty()) {
    if (const auto* f = std::get_if<Fault>(&talk.heard[2].front())) fault = *f;
    talk.heard[2].erase(talk.heard[2].begin());
  }
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ErrorCode::kBusy);
  EXPECT_GT(fault->retry_after_ms, 0u);
  EXPECT_EQ(talk.service.sessions(), 1) << "the older one went on to its credit";
  EXPECT_TRUE(talk.closed.contains(2));
  EXPECT_FALSE(talk.closed.contains(1));
}

TEST(CacheMemory, MustHoldAText) {
  ServiceConfig config = TalkConfig();
  config.kv_memory = 900;
  const EngineInfo info = FakeEngine({.context = 1024, .max_sequences = 4, .position_bytes = 1}).info();
  EXPECT_EQ(Service::Check(info, config).error().code, ErrorCode::kUsage);
  config.kv_memory = 2000;
  EXPECT_TRUE(Service::Check(info, config));
  config.prefix_cache = 4;
  EXPECT_THAT(Service::Check(info, config).error().message, testing::HasSubstr("4 texts to keep"));
}

// ---- Any company ----

RC_GTEST_PROP(PrefixCache, NoTextDependsOnWhoseRowsItTakesOver, ()) {
  Talk talk = SharingTalk(*rc::gen::inRange(1, 4));
  std::map<ConnId, Open> open;
  for (ConnId conn = 1; conn <= 12; ++conn) {
    Open next = Asks(*rc::gen::inRange(0, 330), *rc::gen::inRange(1, 120), *rc::gen::inRange(0, 3));
    const auto length = static_cast<Pos>(next.ids.size());
    const Pos cut = *rc::gen::inRange(1, length + 1);
    if (*rc::gen::arbitrary<bool>()) next.spans = {{0, cut}};
    if (*rc::gen::arbitrary<bool>() && cut < length) next.spans.push_back({cut, length});
    if (next.spans.size() == 2 && next.spans[0].end > cut) next.spans.pop_back();
    talk.Greet(conn);
    talk.Say(conn, next);
    open[conn] = next;
    for (int steps = *rc::gen::inRange(0, 4); steps > 0; --steps) talk.Step();
    if (conn > 3 && *rc::gen::arbitrary<bool>()) {
      const ConnId gone = *rc::gen::inRange<ConnId>(1, conn);
      talk.Disconnect(gone);
      open.erase(gone);
    }
    while (open.size() > 7) {
      talk.Disconnect(open.begin()->first);
      open.erase(open.begin());
    }
  }
  talk.Run();
  for (const auto& [conn, asked] : open) {
    const auto length = static_cast<Pos>(asked.ids.size());
    RC_ASSERT(talk.Next<Opened>(conn).has_value());
    talk.Say(conn, Drafts{.base = length, .ids = {}});
    talk.Run();
    const std::optional<Verdict> verdict = talk.Next<Verdict>(conn);
    RC_ASSERT(verdict.has_value());
    RC_ASSERT(verdict->token == TextOf(asked, length + 1).back());
  }
  RC_ASSERT(talk.engine.open_sequences() == talk.service.sessions() + talk.service.cached_texts());
}

}  // namespace
}  // namespace tandem
