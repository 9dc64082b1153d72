// The simulation against what must come out of it by arithmetic.
#include "lab/simulated_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/philox.h"

namespace tandem {
namespace {

SimulatedLoad Load(Mode mode) {
  SimulatedLoad load;
  load.mode = mode;
  load.tokens = 200;
  for (int rows = 1; rows <= 16; ++rows) load.step_costs.push_back(Micros(40'000 + 2'000 * rows));
  load.link.rtt = Micros{20'000};
  return load;
}

TEST(SimulatedLoad, StreamingCostsOneStepAToken) {
  EXPECT_NEAR(Simulate(Load(Mode::kCloud)).ms_per_token, 42, 0.5);
}

TEST(SimulatedLoad, ClientsShareSteps) {
  SimulatedLoad load = Load(Mode::kCloud);
  load.clients = 8;
  const SimulatedFigures figures = Simulate(load);
  EXPECT_NEAR(figures.ms_per_token, 56, 3) << "a step of eight rows";
  EXPECT_NEAR(figures.tokens_per_second, 8 / 0.056, 10);
}

TEST(SimulatedLoad, ServerTimeIsThatOfItsSteps) {
  EXPECT_DOUBLE_EQ(Simulate(Load(Mode::kCloud)).server_us_per_token, 42'000) << "a step of one row a token";
  SimulatedLoad load = Load(Mode::kSync);
  load.link.rtt = Micros{500'000};
  const SimulatedFigures figures = Simulate(load);
  EXPECT_LT(figures.server_us_per_token, 42'000) << "drafts that stand bring tokens for a row";
  EXPECT_GT(figures.ms_per_token * 1000, 2 * figures.server_us_per_token) << "it idles over the link";
}

TEST(SimulatedLoad, ImitatesTheAcceptanceAskedFor) {
  for (const double acceptance : {0.16, 0.5, 0.8, 0.95}) {
    SimulatedLoad load = Load(Mode::kSync);
    load.acceptance = acceptance;
    load.tokens = 2000;
    EXPECT_NEAR(Simulate(load).acceptance, acceptance, 0.05);
  }
}

// The figures that the planner is for, in the model's own world: they hold without any machine's noise.
TEST(SimulatedLoad, AutoIsNearTheBestOfAllModesAndNeverBelowStreaming) {
  constexpr int kSeeds = 4;
  for (const int rtt : {0, 10, 30, 60, 100, 200}) {
    for (const double acceptance : {0.2, 0.6, 0.85}) {
      SimulatedLoad load = Load(Mode::kCloud);
      load.link.rtt = Micros(rtt * 1000);
      load.acceptance = acceptance;
      const double cloud = SimulateSeeds(load, kSeeds).ms_per_token;
      double best = cloud;
      for (const Mode mode : {Mode::kSync, Mode::kSpeculate}) {
        for (const int32_t k : {2, 4, 8}) {
          load.mode = mode;
          load.draft_length = k;
          best = std::min(best, SimulateSeeds(load, kSeeds).ms_per_token);
        }
      }
      load.mode = Mode::kAuto;
      const SimulatedFigures planned = SimulateSeeds(load, kSeeds);
      EXPECT_GT(best / planned.ms_per_token, 0.94) << rtt << " ms, acceptance " << acceptance;
      EXPECT_GT(cloud / planned.ms_per_token, 0.98) << rtt << " ms, acceptance " << acceptance;
      EXPECT_NEAR(planned.predicted_ms_per_token / planned.ms_per_token, 1, 0.12) << rtt << " ms";
    }
  }
}

// Drafts with a margin of 0.2 that stand one time in three, and of 6 that nearly always do, as chance has it.
std::vector<DraftMoment> Moments(bool known) {
  std::vector<DraftMoment> moments;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const PhiloxCounter words = Philox4x32({i, 7, 0, 0}, {1, 0});
    const bool sure = words[0] % 3 != 0;
    const double margin = known ? (sure ? 6 : 0.2) : std::numeric_limits<double>::infinity();
    moments.push_back({margin, words[1] * 0x1p-32 < (sure ? 0.95 : 0.33)});
  }
  return moments;
}

TEST(SimulatedLoad, PlaysATraceWithItsAcceptance) {
  SimulatedLoad load = Load(Mode::kSync);
  load.trace = Moments(true);
  load.tokens = 2000;
  EXPECT_NEAR(Simulate(load).acceptance, 0.95 * 2 / 3 + 0.33 / 3, 0.03);
  load.trace = {{1.0, true}};
  EXPECT_EQ(Simulate(load).acceptance, 1);
}

// Who knows which drafts are doubtful sends fewer in vain and is as fast.
TEST(SimulatedLoad, KnownDoubtSavesBytesAndNoTime) {
  for (const int rtt : {30, 100}) {
    SimulatedLoad load = Load(Mode::kAuto);
    load.link.rtt = Micros(rtt * 1000);
    load.trace = Moments(false);
    const SimulatedFigures hidden = SimulateSeeds(load, 8);
    load.trace = Moments(true);
    const SimulatedFigures known = SimulateSeeds(load, 8);
    EXPECT_LT(known.stale_per_token, 0.9 * hidden.stale_per_token) << rtt << " ms";
    EXPECT_LT(known.uplink_bytes_per_token, 0.95 * hidden.uplink_bytes_per_token) << rtt << " ms";
    EXPECT_LT(known.ms_per_token, 1.02 * hidden.ms_per_token) << rtt << " ms";
    EXPECT_NEAR(known.sent_per_token, known.stale_per_token + 1, 0.25) << "what is not stale was judged";
  }
}

// A memory-bound device: each of 64 texts moves its cache, a row more of the same texts costs nothing until
// there are hundreds. Only steps of more than 64 rows tell the two apart.
TEST(SimulatedLoad, DraftsPayBesideManyWhereRowsAreFree) {
  SimulatedLoad load = Load(Mode::kCloud);
  load.clients = 64;
  load.tokens = 48;
  load.link.rtt = Micros{0};
  load.step_costs.clear();
  for (int rows = 1; rows <= 1088; ++rows)
    load.step_costs.push_back(Micros(40'000 + 3'000 * std::min(rows, 64) + 1'000 * std::max(0, rows - 200)));
  const double cloud = Simulate(load).tokens_per_second;
  load.mode = Mode::kAuto;
  EXPECT_GT(Simulate(load).tokens_per_second, 1.3 * cloud);
}

// Beside others the cloud takes up drafts only where they bring its whole step more: the plan must know.
TEST(SimulatedLoad, PredictionsHoldBesideOthersWhereRowsAreDear) {
  for (const int clients : {4, 16}) {
    for (const int rtt : {10, 30, 60, 100, 200}) {
      SimulatedLoad load = Load(Mode::kAuto);
      load.clients = clients;
      load.tokens = 96;
      load.link.rtt = Micros(rtt * 1000);
      load.step_costs.clear();
      for (int rows = 1; rows <= 64; ++rows) load.step_costs.push_back(Micros(37'000 + 13'000 * rows));
      load.acceptance = 0.7;
      const SimulatedFigures planned = Simulate(load);
      EXPECT_NEAR(planned.predicted_ms_per_token / planned.ms_per_token, 1, 0.2)
          << clients << " clients, " << rtt << " ms";
    }
  }
}

}  // namespace
}  // namespace tandem
