// The bench that system 2 wanted: several ways of writing the same texts through one cloud, at several round
// trips, in turn, so that a machine that slows down slows all of them alike. Measures; says and judges
// nothing (comparison_figures.h, comparison_report.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/contender.h"
#include "cli/demo_target.h"
#include "edge/dialer.h"

namespace tandem {

struct ComparisonPlan {
  std::string prompt_set;            // "builtin", or the file
  std::vector<std::string> prompts;  // each with room for `tokens` more
  size_t skipped = 0;                // prompts before the last one taken that had no such room
  std::vector<Contender> contenders;
  std::vector<Micros> round_trips;  // added to what the link is by itself
  int iterations = 1;
  int warmup = 0;  // texts that each contender writes first, not counted
  int32_t tokens = 50;
  SamplingParams sampling;  // of all contenders; its seed is the first text's

  // Texts differ in prompt and iteration alone: at every round trip, each contender writes the same ones.
  uint64_t SeedOf(size_t prompt, int iteration) const;
  size_t CountedTexts() const;
  size_t AllTexts() const;  // warming up included
};

// A text as it was measured; indices into the plan's lists.
struct ComparedText {
  size_t contender = 0, round_trip = 0, prompt = 0;
  int iteration = 0;
  TextReport report{};
};

struct Comparison {
  ComparisonPlan plan;
  std::vector<std::string> clouds;   // urls; none: one of this program's own
  std::optional<DemoTarget> target;  // of that one
  std::vector<ComparedText> texts;   // in the order of writing
  bool complete = false;             // false: interrupted, or ended by an error

  // Every text of a prompt and seed that the cloud had a part in is the same, id by id.
  bool Identical() const;
  size_t TextsOfTheCloud() const;  // that are held against each other for it: all but mode edge's
};

// The prompts, up to `most`, for which the edge's context has room, and as many tokens behind; into
// plan.prompts and plan.skipped. kContext when there is none; errors as ConfigOf otherwise.
Status TakePrompts(const std::vector<std::string>& from, size_t most, const EdgeModel& edge,
                   ComparisonPlan& plan);

// Carries the plan out. What was measured before an error, or before `cancel` was set, stays in `texts`.
// wrote: called after every text, those of warming up included. routes: at least one, replicas; their round
// trips are set by the plan.
Status Compare(const std::vector<CloudRoute>& routes, EdgeModel& edge, Comparison& comparison,
               const std::function<void()>& wrote, const std::atomic<bool>& cancel);

}  // namespace tandem
