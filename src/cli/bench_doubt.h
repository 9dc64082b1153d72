// What is known of a draft before it is judged, and what that is worth: traces of a pair of models say which
// score sorts drafts that stand from those that fall and how true the chances are that the edge makes of it;
// simulations that play these traces say what they save on a link. Counts and virtual time: no load on the
// machine moves them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/contender.h"
#include "lab/doubt_calibration.h"
#include "lab/draft_trace.h"
#include "lab/simulated_load.h"

namespace tandem {

struct DoubtOptions {
  std::string target, draft;         // paths
  std::vector<std::string> prompts;  // at least one
  int tokens = 128;                  // of a text at most
  uint64_t seed = 1;                 // of the first text; the next ones count up
  int threads = 1;
  std::vector<float> temperatures = {0.0f, 0.8f};
  std::vector<int> clients = {1, 4, 16};  // of the simulated loads
  std::vector<Micros> round_trips = {Micros{0},      Micros{10'000},  Micros{30'000},
                                     Micros{60'000}, Micros{100'000}, Micros{200'000}};
};

struct SuretyRow {
  float temperature = 0;
  Surety surety = Surety::kMargin;
  double separation = 0;  // lab/draft_trace.h
};

struct CalibrationRow {
  float temperature = 0;
  CalibrationBin bin;
};

// One load at one round trip: the best of all other modes, auto without knowing its drafts' doubt, and with.
struct DoubtRow {
  float temperature = 0;
  int clients = 1;
  Micros rtt{0};
  Contender best{};
  double best_ms = 0;
  SimulatedFigures hidden{}, known{};
};

struct DoubtFigures {
  std::vector<SuretyRow> sureties;
  std::vector<CalibrationRow> calibration;
  std::vector<DoubtRow> rows;
};

// `progress` is given a short line before each part, `stopped` is asked between texts and loads. Errors of
// models and engines; kUsage without prompts.
Result<DoubtFigures> MeasureDoubt(const DoubtOptions& options,
                                  const std::function<void(std::string_view)>& progress,
                                  const std::function<bool()>& stopped);

}  // namespace tandem
