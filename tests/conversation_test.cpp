// Whole conversations of edges and a cloud over the fake engine and a virtual clock. The master property:
// whatever the mode, the draft, the draft length, the load, the link and the server do, the text is the one
// that the target alone writes for the seed.
//
// A failing case names its seed; TANDEM_CONVERSATION=SEED plays that one alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "sample/warp.h"
#include "testing/scenario.h"

namespace tandem::testing {
namespace {

constexpr uint64_t kConversations = 3000;

// One edge that writes 40 tokens after 5 with a perfect draft over a quiet link, and a cloud for it.
Scenario Quiet(Mode mode) {
  Scenario scenario{.seed = 1};
  scenario.cloud.target = {.vocab_size = 48, .context = 320, .salt = 77};
  scenario.cloud.service.software = "simulation";
  scenario.cloud.service.vocab = {.size = 48, .digest = Digest{1}};
  EdgeSetup edge{.draft = scenario.cloud.target, .weather = {Weather{}}};
  edge.config.mode = mode;
  edge.config.prompt = {5, 6, 7, 8, 9};
  edge.config.max_tokens = 40;
  edge.config.sampling.seed = 3;
  edge.config.vocab = scenario.cloud.service.vocab;
  edge.config.reply_timeout = edge.config.open_timeout = Micros{2'000'000};
  scenario.edges.push_back(edge);
  return scenario;
}

std::vector<Token> Expected(const Scenario& scenario) {
  return WrittenAlone(scenario.cloud.target, scenario.edges[0].config);
}

// The chance of each pair (first, second) of generated tokens, by the model alone.
std::vector<double> LawOfPairs(const FakeEngineConfig& model, const GenerationConfig& config) {
  const auto ids = static_cast<size_t>(model.vocab_size);
  Warper warper(config.sampling);
  const auto law = [&](std::vector<Token> text) {
    FakeEngine engine(model);
    const SeqRows rows{.seq = engine.Open().value(), .first = 0, .tokens = text, .logits = 1};
    std::vector<double> p(ids, 0);
    for (const Candidate& c : warper.Warp(engine.Step({&rows, 1}).value()[0], text))
      p[static_cast<size_t>(c.id)] = c.p;
    return p;
  };
  std::vector<double> pairs;
  const std::vector<double> first = law(config.prompt);
  for (size_t i = 0; i < ids; ++i) {
    std::vector<Token> text = config.prompt;
    text.push_back(static_cast<Token>(i));
    for (const double second : law(text)) pairs.push_back(first[i] * second);
  }
  return pairs;
}

bool BeginsWith(const std::vector<Token>& whole, const std::vector<Token>& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

TEST(Conversation, TextIsTheTargetsWhateverHappens) {
  const char* only = std::getenv("TANDEM_CONVERSATION");
  const uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const uint64_t last = only != nullptr ? first : kConversations;
  uint64_t rows_shared = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const Scenario scenario = RandomScenario(seed);
    const Outcome outcome = Play(scenario);
    rows_shared += outcome.cloud.rows_shared;
    const std::optional<std::string> wrong = Judge(scenario, outcome);
    ASSERT_FALSE(wrong) << *wrong << "\nplay it again: TANDEM_CONVERSATION=" << seed << " conversation_test";
  }
  EXPECT_TRUE(only != nullptr || rows_shared > 0) << "no text took over another one's rows";
}

// ./dev test-slow conversation
TEST(ConversationSlow, AHundredThousandMore) {
  for (uint64_t seed = kConversations + 1; seed <= kConversations + 100'000; ++seed) {
    const Scenario scenario = RandomScenario(seed);
    const std::optional<std::string> wrong = Judge(scenario, Play(scenario));
    ASSERT_FALSE(wrong) << *wrong << "\nplay it again: TANDEM_CONVERSATION=" << seed << " conversation_test";
  }
}

// The first connection breaks at its n-th event, for every n until it outlives the conversation. Before the
// session stands the run ends at once; after, the text is whole.
TEST(Conversation, ACutAtAnyMomentCostsTimeAndNoText) {
  for (const Mode mode : {Mode::kSync, Mode::kCloud, Mode::kSpeculate, Mode::kAuto}) {
    for (const Cut cut : {Cut::kReset, Cut::kHalfOpen, Cut::kUpLost, Cut::kDownLost}) {
      for (int at = 0; at < 90; ++at) {
        Scenario scenario = Quiet(mode);
        scenario.edges[0].weather = {Weather{.cut_at = at, .cut = cut, .edge_is_told = false}, Weather{}};
        const Outcome outcome = Play(scenario);
        const EdgeOutcome& edge = outcome.edges[0];
        const auto where = fmt::format("{} cut {} at event {}", ModeName(mode), static_cast<int>(cut), at);
        ASSERT_EQ(outcome.trouble, "") << where;
        if (edge.tokens.empty()) {
          ASSERT_EQ(edge.finish, Finish::kError) << where;
          ASSERT_EQ(edge.error->code, ErrorCode::kNetwork) << where;
          ASSERT_EQ(edge.dials, 1) << where;
          ASSERT_LT(at, 12) << where;
          continue;
        }
        const std::optional<std::string> wrong = Judge(scenario, outcome);
        ASSERT_FALSE(wrong) << where << ": " << *wrong;
      }
    }
  }
}

// Rules that keep the law and not the text: over many seeds the first tokens are distributed as the target's
// own, through sessions, codec and window, a cut link included. Chi-square over the pairs of first tokens.
TEST(Conversation, RulesByLawsWriteTheTargetsLaw) {
  constexpr int kIds = 6, kTexts = 4000;
  for (const Rule rule : {Rule::kToken, Rule::kBlock}) {
    for (const bool cut : {false, true}) {
      std::map<std::pair<Token, Token>, int> seen;
      Scenario scenario = Quiet(Mode::kSync);
      scenario.cloud.target = {.vocab_size = kIds, .context = 64, .salt = 5};
      scenario.cloud.service.vocab.size = kIds;
      EdgeSetup& edge = scenario.edges[0];
      edge.draft = scenario.cloud.target;
      edge.draft.salt = 6;  // another law altogether
      edge.config.rule = rule;
      edge.config.prompt = {1, 2};
      edge.config.max_tokens = 3;
      edge.config.draft_length = 3;
      edge.config.vocab = scenario.cloud.service.vocab;
      edge.config.sampling = {.temperature = 1.5f, .top_k = 0, .top_p = 1.0f, .min_p = 0.0f};
      if (cut) edge.weather = {Weather{.cut_at = 1, .spared = 2}, Weather{}};
      for (uint64_t seed = 0; seed < kTexts; ++seed) {
        edge.config.sampling.seed = seed * 0x9E3779B97F4A7C15ull;
        const Outcome outcome = Play(scenario);
        ASSERT_EQ(outcome.trouble, "");
        const std::vector<Token>& tokens = outcome.edges[0].tokens;
        ASSERT_GE(tokens.size(), 2u) << (outcome.edges[0].error ? outcome.edges[0].error->message : "");
        ++seen[{tokens[0], tokens[1]}];
      }
      const std::vector<double> law = LawOfPairs(scenario.cloud.target, edge.config);
      double chi = 0;
      for (int i = 0; i < kIds * kIds; ++i) {
        const double want = law[static_cast<size_t>(i)] * kTexts;
        const double off = seen[{static_cast<Token>(i / kIds), static_cast<Token>(i % kIds)}] - want;
        chi += off * off / want;
      }
      // 35 degrees of freedom: above 74.9 with chance 1e-4.
      EXPECT_LT(chi, 74.9) << RuleName(rule) << (cut ? ", cut" : "");
    }
  }
}

TEST(Conversation, RulesByLawsAcceptDraftsOverABadLinkToo) {
  for (const Rule rule : {Rule::kToken, Rule::kBlock}) {
    for (int at = 0; at < 60; ++at) {
      Scenario scenario = Quiet(Mode::kSync);
      scenario.edges[0].config.rule = rule;
      scenario.edges[0].weather = {Weather{.cut_at = at, .spared = 2, .repeat_every = at % 3}, Weather{}};
      const Outcome outcome = Play(scenario);
      const EdgeOutcome& edge = outcome.edges[0];
      ASSERT_EQ(outcome.trouble, "") << at;
      ASSERT_EQ(edge.finish, Finish::kLength) << at << (edge.error ? edge.error->message : "");
      EXPECT_EQ(edge.stats.sent, edge.stats.verified + edge.stats.stale) << at;
      // The draft is the target itself, but its law keeps 8 of 48 ids that are about as likely.
      EXPECT_GT(edge.stats.accepted, edge.stats.verified / 3) << at;
    }
  }
}

TEST(Conversation, APerfectDraftIsAcceptedWhole) {
  const Scenario scenario = Quiet(Mode::kSync);
  const Outcome outcome = Play(scenario);
  const std::optional<std::string> wrong = Judge(scenario, outcome);
  ASSERT_FALSE(wrong) << *wrong;
  const GenerationStats& stats = outcome.edges[0].stats;
  EXPECT_EQ(stats.accepted, stats.verified);
  EXPECT_EQ(stats.rounds, 10u);  // 40 tokens, four a round
  EXPECT_EQ(stats.accepted, 30u);
  EXPECT_EQ(stats.drafted, 30u);
}

TEST(Conversation, ADraftThatIsNeverRightCostsRoundsAndNoText) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.edges[0].draft.salt = 78;
  const Outcome outcome = Play(scenario);
  const std::optional<std::string> wrong = Judge(scenario, outcome);
  ASSERT_FALSE(wrong) << *wrong;
  EXPECT_LT(outcome.edges[0].stats.accepted, 10u);
}

// The draft's context ends in the middle of the text: the rest is the cloud's alone.
TEST(Conversation, TheCloudGoesOnAloneWhereTheDraftsContextEnds) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.edges[0].draft.context = 20;
  const Outcome outcome = Play(scenario);
  const std::optional<std::string> wrong = Judge(scenario, outcome);
  ASSERT_FALSE(wrong) << *wrong;
  EXPECT_EQ(outcome.edges[0].authors.back(), Author::kCloud);
  EXPECT_GT(outcome.edges[0].stats.accepted, 0u);
}

TEST(Conversation, AFullContextEndsTheTextAndSaysSo) {
  for (const Mode mode : {Mode::kSync, Mode::kCloud, Mode::kEdge}) {
    Scenario scenario = Quiet(mode);
    scenario.cloud.target.context = 30;
    scenario.edges[0].draft.context = 30;
    const Outcome outcome = Play(scenario);
    const std::optional<std::string> wrong = Judge(scenario, outcome);
    ASSERT_FALSE(wrong) << *wrong;
    EXPECT_EQ(outcome.edges[0].tokens.size(), 25u);
    EXPECT_EQ(outcome.edges[0].finish, Finish::kLength);
    ASSERT_EQ(outcome.edges[0].notes.size(), 1u);
    EXPECT_NE(outcome.edges[0].notes[0].find("30"), std::string::npos);
  }
}

TEST(Conversation, NobodyThereEndsTheRunAtOnce) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.edges[0].reachable = false;
  const EdgeOutcome edge = Play(scenario).edges[0];
  EXPECT_EQ(edge.finish, Finish::kError);
  EXPECT_EQ(edge.error->code, ErrorCode::kNetwork);
  EXPECT_EQ(edge.dials, 1);
}

TEST(Conversation, BusyAtFirstEndsTheRunAtOnce) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.cloud.service.max_sessions = 1;
  scenario.edges.push_back(scenario.edges[0]);
  scenario.edges[1].starts = Micros{200'000};
  const Outcome outcome = Play(scenario);
  EXPECT_EQ(outcome.trouble, "");
  EXPECT_EQ(outcome.edges[0].finish, Finish::kLength);
  EXPECT_EQ(outcome.edges[1].finish, Finish::kError);
  EXPECT_EQ(outcome.edges[1].error->code, ErrorCode::kBusy);
  EXPECT_EQ(outcome.edges[1].dials, 1);
}

// The session that a half-open link left behind holds the only place until the server notices; Busy is
// retried.
TEST(Conversation, BusyLaterIsRetried) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.cloud.service.max_sessions = 1;
  scenario.edges[0].weather = {Weather{.cut_at = 20, .cut = Cut::kHalfOpen, .edge_is_told = false},
                               Weather{}};
  const Outcome outcome = Play(scenario);
  const std::optional<std::string> wrong = Judge(scenario, outcome);
  ASSERT_FALSE(wrong) << *wrong;
  EXPECT_GT(outcome.cloud.sessions_refused, 0u);
}

// Two texts are let in whose ends do not fit the cloud's memory together.
TEST(Conversation, ATextThatMakesWayForAnotherComesBack) {
  for (const Mode mode : {Mode::kCloud, Mode::kSync, Mode::kAuto}) {
    Scenario scenario = Quiet(mode);
    scenario.cloud.target.position_bytes = 2;
    scenario.cloud.service.kv_memory = size_t{2} * 450;
    scenario.edges[0].config.max_tokens = 300;
    scenario.edges[0].config.retry_for = Micros{60'000'000};
    scenario.edges.push_back(scenario.edges[0]);
    scenario.edges[1].config.sampling.seed = 4;
    const Outcome outcome = Play(scenario);
    EXPECT_EQ(outcome.trouble, "");
    for (size_t i = 0; i < 2; ++i)
      EXPECT_EQ(outcome.edges[i].tokens, WrittenAlone(scenario.cloud.target, scenario.edges[i].config))
          << ModeName(mode) << ", edge " << i;
    EXPECT_GT(outcome.edges[0].stats.reconnects + outcome.edges[1].stats.reconnects, 0u) << ModeName(mode);
  }
}

TEST(Conversation, PatienceEndsWithTheTextSoFar) {
  for (const Mode mode : {Mode::kSync, Mode::kCloud}) {
    Scenario scenario = Quiet(mode);
    scenario.edges[0].config.retry_for = Micros{5'000'000};
    scenario.restarts = {{.at = Micros{180'000}, .lasts = Micros{3600'000'000}}};
    const Outcome outcome = Play(scenario);
    const EdgeOutcome& edge = outcome.edges[0];
    EXPECT_EQ(outcome.trouble, "");
    EXPECT_EQ(edge.finish, Finish::kError);
    EXPECT_EQ(edge.error->code, ErrorCode::kNetwork);
    EXPECT_GE(edge.stats.finished, Micros{5'180'000});
    EXPECT_LE(edge.stats.finished, Micros{5'500'000});
    EXPECT_GT(edge.dials, 3);
    EXPECT_LT(edge.dials, 80);
    EXPECT_FALSE(edge.tokens.empty());
    EXPECT_TRUE(BeginsWith(Expected(scenario), edge.tokens));
    EXPECT_EQ(edge.stats.sent, edge.stats.verified + edge.stats.stale);
  }
}

// All clouds die for good at some moment, and every edge that drafts with a model goes on alone: to the full
// text, whose first part is the target's. Judge knows what the rest must be.
TEST(Conversation, OfflineEveryTextIsWholeWheneverTheCloudDies) {
  int went_offline = 0, in_the_middle = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    Scenario scenario = RandomScenario(seed);
    for (int i = 0; i < scenario.replicas; ++i)
      scenario.restarts.push_back(
          {i, Micros{static_cast<int64_t>(seed % 40) * 50'000}, Micros{3600'000'000}});
    std::erase_if(scenario.edges, [](const EdgeSetup& edge) {
      return edge.config.mode == Mode::kCloud || edge.config.ngrams ||
             (edge.config.mode == Mode::kSplit && !edge.looks_ahead) || edge.draft.context < 512;
    });
    for (EdgeSetup& edge : scenario.edges) {
      edge.config.offline = true;
      edge.config.retry_for = Micros{4'000'000};
    }
    if (scenario.edges.empty()) continue;
    const Outcome outcome = Play(scenario);
    const std::optional<std::string> wrong = Judge(scenario, outcome);
    ASSERT_FALSE(wrong) << *wrong << "\nseed " << seed;
    for (const EdgeOutcome& edge : outcome.edges) {
      if (!edge.stats.offline_from) continue;
      ++went_offline;
      in_the_middle += *edge.stats.offline_from > 0 ? 1 : 0;
      ASSERT_FALSE(edge.notes.empty()) << seed;
    }
  }
  EXPECT_GT(went_offline, 100);
  EXPECT_GT(in_the_middle, 20);
}

// A cloud whose every step fails takes every Open and answers none: patience must end that, too.
TEST(Conversation, ACloudWhoseEveryStepFailsIsGivenUp) {
  Scenario scenario = Quiet(Mode::kSync);
  scenario.edges[0].config.retry_for = Micros{5'000'000};
  for (int ms = 300; ms < 60'000; ++ms) scenario.failing_steps.push_back(Micros{ms * 1000});
  const Outcome outcome = Play(scenario);
  const EdgeOutcome& edge = outcome.edges[0];
  EXPECT_EQ(outcome.trouble, "");
  EXPECT_EQ(edge.finish, Finish::kError);
  EXPECT_LE(edge.stats.finished, Micros{8'000'000});
  EXPECT_LT(edge.dials, 40);
  EXPECT_TRUE(BeginsWith(Expected(scenario), edge.tokens));
}

}  // namespace
}  // namespace tandem::testing
