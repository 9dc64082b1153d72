// Whole conversations of edges and a cloud under a virtual clock. The master property: whatever the mode, the
// draft, the draft length, the load and the link do, the text is the one that the target alone writes for the
// seed. TANDEM_SIM_SEED=N replays one case.
#include <gtest/gtest.h>

#include <cstdlib>

#include "testing/reference_text.h"
#include "testing/simulation.h"

namespace tandem::testing {
namespace {

constexpr Token kEnd = 2;
constexpr uint64_t kTargetSalt = 77;

FakeEngineConfig Target() {
  return {.vocab_size = 48, .context = 320, .salt = kTargetSalt, .end_token = kEnd, .end_every = 90};
}

ServiceConfig Cloud() {
  ServiceConfig config;
  config.software = "simulated cloud";
  config.vocab = {.size = 48};
  config.prefill_rows = 128;
  return config;
}

// Everything random about one edge, from one generator.
SimEdge RandomEdge(std::mt19937_64& random, Mode mode) {
  const auto below = [&](uint64_t n) { return random() % n; };
  SimEdge edge;
  edge.config.mode = mode;
  const size_t prompt = below(3) == 0 ? 60 + below(140) : 1 + below(30);
  for (size_t i = 0; i < prompt; ++i) edge.config.prompt.push_back(static_cast<Token>(3 + below(45)));
  edge.config.max_tokens = static_cast<int32_t>(1 + below(80));
  edge.config.sampling.seed = random();
  edge.config.sampling.temperature = below(4) == 0 ? 0.0f : 0.5f + 0.25f * static_cast<float>(below(4));
  edge.config.sampling.repeat_penalty = below(3) == 0 ? 1.2f : 1.0f;
  edge.config.sampling.top_k = below(2) == 0 ? 40 : 0;
  edge.config.draft_length = static_cast<int32_t>(1 + below(12));
  edge.config.end_tokens = {kEnd};
  edge.config.vocab = {.size = 48};
  edge.config.retry_for = Micros{3600'000'000};
  edge.config.reply_timeout = Micros{2'000'000};
  edge.config.open_timeout = Micros{4'000'000};
  const double agreement[] = {0.0, 0.6, 0.9, 1.0};
  edge.draft = {.vocab_size = 48,
                .context = below(5) == 0 ? Pos{240} : Pos{320},
                .salt = 1000 + below(1000),
                .follows = kTargetSalt,
                .agreement = agreement[below(4)],
                .end_token = kEnd,
                .end_every = 90};
  edge.link = {.one_way = Micros(static_cast<int64_t>(below(80'000))),
               .jitter = Micros(static_cast<int64_t>(below(20'000)))};
  edge.start = Micros(static_cast<int64_t>(below(100'000)));
  return edge;
}

std::vector<Token> Expected(const GenerationConfig& config, const FakeEngineConfig& model) {
  FakeEngine engine(model);
  return ReferenceText(engine, {config.prompt, config.max_tokens, config.sampling, config.end_tokens});
}

void ExpectText(const Simulation& sim, size_t index, const std::vector<Token>& expected) {
  const std::vector<Token>& text = sim.generation(index).text();
  const size_t prompt = text.size() - sim.generation(index).stats().generated;
  EXPECT_EQ(std::vector<Token>(text.begin() + static_cast<std::ptrdiff_t>(prompt), text.end()), expected);
  EXPECT_EQ(sim.authors(index).size(), expected.size());
}

void ExpectHonestCounts(const GenerationStats& stats) {
  EXPECT_EQ(stats.sent, stats.verified + stats.stale);
  EXPECT_LE(stats.accepted, stats.verified);
  EXPECT_LE(stats.accepted, stats.drafted);
}

void ExpectNothingLeft(Simulation& sim) {
  sim.HangUpAll();
  EXPECT_EQ(sim.service().sessions(), 0);
  EXPECT_EQ(sim.engine().open_sequences(), 0);
}

// One seed: 1 or several edges, random everything, random faults.
void PlayCase(uint64_t seed) {
  SCOPED_TRACE("TANDEM_SIM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Simulation sim(random(), Target(), Cloud(), {.step = Micros{2000 + static_cast<int64_t>(random() % 8000)}});
  const size_t count = random() % 4 == 0 ? 8 : 1;
  std::vector<SimEdge> edges;
  for (size_t i = 0; i < count; ++i) {
    edges.push_back(RandomEdge(random, random() % 4 == 0 ? Mode::kCloud : Mode::kSpeculate));
    sim.AddEdge(edges.back());
  }
  for (uint64_t fault = random() % 5; fault > 0; --fault) {
    const Micros when(static_cast<int64_t>(250'000 + random() % 2'000'000));
    const size_t victim = random() % count;
    const uint64_t kind = random() % 2;
    sim.At(when, [&sim, victim, kind] {
      // A first connection that fails ends the run by design; only what is established is disturbed.
      if (!sim.generation(victim).session_open()) return;
      if (kind == 0)
        sim.CutLink(victim);
      else
        sim.HalfOpenLink(victim);
    });
  }
  ASSERT_TRUE(sim.Run(Micros{7200'000'000}));
  for (size_t i = 0; i < count; ++i) {
    ASSERT_NE(sim.finish(i), Finish::kError) << sim.error(i)->message;
    ExpectText(sim, i, Expected(edges[i].config, Target()));
    ExpectHonestCounts(sim.generation(i).stats());
  }
  ExpectNothingLeft(sim);
}

TEST(Conversation, AnyModeDraftLengthLoadAndLinkWriteTheTargetsText) {
  if (const char* seed = std::getenv("TANDEM_SIM_SEED")) return PlayCase(std::strtoull(seed, nullptr, 10));
  for (uint64_t seed = 0; seed < 1500 && !::testing::Test::HasFailure(); ++seed) PlayCase(seed);
}

TEST(Conversation, ARestartedCloudCostsTimeAndNoText) {
  for (uint64_t seed = 0; seed < 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Simulation sim(seed, Target(), Cloud(), {});
    SimEdge edge = RandomEdge(random, seed % 2 == 0 ? Mode::kSpeculate : Mode::kCloud);
    edge.config.max_tokens = 60;
    sim.AddEdge(edge);
    for (int i = 1; i <= 3; ++i) {
      sim.At(Micros(i * static_cast<int64_t>(300'000 + random() % 400'000)), [&sim] {
        if (sim.generation(0).session_open()) sim.RestartCloud(Micros{700'000});
      });
    }
    ASSERT_TRUE(sim.Run(Micros{3600'000'000}));
    ASSERT_NE(sim.finish(0), Finish::kError) << sim.error(0)->message;
    ExpectText(sim, 0, Expected(edge.config, Target()));
    ExpectHonestCounts(sim.generation(0).stats());
    ExpectNothingLeft(sim);
  }
}

TEST(Conversation, ModeEdgeNeverConnectsAndWritesTheDraftsOwnText) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    Simulation sim(seed, Target(), Cloud(), {});
    SimEdge edge = RandomEdge(random, Mode::kEdge);
    sim.AddEdge(edge);
    ASSERT_TRUE(sim.Run(Micros{3600'000'000}));
    EXPECT_EQ(sim.connects(0), 0);
    ExpectText(sim, 0, Expected(edge.config, edge.draft));
    for (const Author author : sim.authors(0)) EXPECT_EQ(author, Author::kEdge);
  }
}

TEST(Conversation, APerfectDraftIsAcceptedWhole) {
  std::mt19937_64 random(5);
  Simulation sim(5, Target(), Cloud(), {});
  SimEdge edge = RandomEdge(random, Mode::kSpeculate);
  edge.draft = Target();
  edge.config.prompt = {5, 6, 7};
  edge.config.max_tokens = 60;
  edge.config.draft_length = 3;
  edge.config.end_tokens = {};
  sim.AddEdge(edge);
  ASSERT_TRUE(sim.Run(Micros{3600'000'000}));
  const GenerationStats stats = sim.generation(0).stats();
  EXPECT_EQ(stats.accepted, stats.verified);
  EXPECT_EQ(stats.rounds, 15u);  // 60 tokens, four a round
}

TEST(Conversation, BusyAtFirstEndsTheRunWithTheHintsCode) {
  ServiceConfig config = Cloud();
  config.max_sessions = 1;
  Simulation sim(1, Target(), config, {});
  std::mt19937_64 random(1);
  SimEdge first = RandomEdge(random, Mode::kSpeculate);
  first.config.prompt = {4, 5};
  first.config.max_tokens = 80;
  first.config.end_tokens = {};
  first.start = Micros{0};
  SimEdge second = first;
  second.start = Micros{300'000};
  sim.AddEdge(first);
  sim.AddEdge(second);
  ASSERT_TRUE(sim.Run(Micros{3600'000'000}));
  EXPECT_EQ(sim.finish(0), Finish::kLength);
  EXPECT_EQ(sim.finish(1), Finish::kError);
  EXPECT_EQ(sim.error(1)->code, ErrorCode::kBusy);
}

TEST(Conversation, PatienceEndsWithTheTextSoFar) {
  Simulation sim(3, Target(), Cloud(), {});
  std::mt19937_64 random(3);
  SimEdge edge = RandomEdge(random, Mode::kSpeculate);
  edge.config.prompt = {4, 5};
  edge.config.max_tokens = 80;
  edge.config.end_tokens = {};
  edge.config.retry_for = Micros{5'000'000};
  edge.link = {};
  edge.start = Micros{0};
  sim.AddEdge(edge);
  sim.At(Micros{300'000}, [&sim] { sim.RestartCloud(Micros{3600'000'000}); });
  ASSERT_TRUE(sim.Run(Micros{3600'000'000}));
  EXPECT_EQ(sim.finish(0), Finish::kError);
  EXPECT_EQ(sim.error(0)->code, ErrorCode::kNetwork);
  EXPECT_GE(sim.now(), Micros{5'000'000});
  EXPECT_LE(sim.now(), Micros{8'000'000});
  const std::vector<Token> whole = Expected(edge.config, Target());
  const std::vector<Token>& text = sim.generation(0).text();
  ASSERT_GT(text.size(), 2u);
  EXPECT_TRUE(std::equal(text.begin() + 2, text.end(), whole.begin()));
}

}  // namespace
}  // namespace tandem::testing
