// Whole conversations of edges with one cloud under a virtual clock: who talks, over what links, what breaks
// when. A scenario is a value drawn from a seed; playing it gives what every edge showed, and whatever was
// wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/generation.h"
#include "lab/sim_cloud.h"
#include "lab/sim_link.h"

namespace tandem::testing {

struct EdgeSetup {
  GenerationConfig config{};
  FakeEngineConfig draft{};
  bool looks_ahead = true;   // mode split: with the draft
  std::string importance{};  // ... of a prompt's rows, where they compete (codec/row_importance.h)
  Micros starts{0};
  Micros draft_cost{1'000};  // of one draft step
  std::vector<Weather>
      weather;            // of its connections, in order; the last one's delays for all later ones, uncut
  bool reachable = true;  // false: nobody ever answers its dials
};

struct Outage {
  int replica = 0;
  Micros at{0};
  Micros lasts{0};
};

struct Scenario {
  uint64_t seed = 0;
  CloudSetup cloud{};
  std::vector<EdgeSetup> edges{};
  int replicas = 1;                     // clouds alike; edges go round them
  std::vector<Outage> restarts{};       // a cloud dies and comes back with nothing remembered
  std::vector<Micros> failing_steps{};  // the target's next step after this moment fails

  bool faultless() const;
};

struct EdgeOutcome {
  Finish finish = Finish::kNone;
  std::optional<Error> error{};
  std::vector<Token> tokens{};  // generated
  std::vector<Author> authors{};
  GenerationStats stats{};
  std::vector<std::string> notes{};
  int dials = 0;
};

struct Outcome {
  std::vector<EdgeOutcome> edges;
  ServiceStats cloud;
  std::string
      trouble;  // breaches of contracts, leaks, a conversation that never ends; empty when all is well
};

// Modes, drafts, samplings, contexts, links and faults at random: faults that a patient edge survives.
Scenario RandomScenario(uint64_t seed);

Outcome Play(const Scenario& scenario);

// What the text must be: the model alone, one row after the other, no cloud, no drafts.
std::vector<Token> WrittenAlone(const FakeEngineConfig& model, const GenerationConfig& config);

// The first thing in `outcome` that is not as it must be, given that no edge may fail; nullopt when all is
// well.
std::optional<std::string> Judge(const Scenario& scenario, const Outcome& outcome);

}  // namespace tandem::testing
