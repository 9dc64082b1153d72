// What one written text cost, as `tandem run --json` prints it. docs/cli.md defines every field.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "edge/runner.h"

namespace tandem {

struct TextReport {
  Mode mode = Mode::kEdge;
  uint64_t seed = 0;
  std::string prompt, text;
  std::vector<Token> tokens;  // generated
  Finish finish = Finish::kNone;
  std::optional<Error> error;
  GenerationStats stats;
  LinkBytes bytes;
  RunPlan plan;
  Micros front_time{0};  // mode split: inside the layers here and their codec

  double TotalMs() const { return ToMs(stats.finished - stats.started); }
  double FirstTokenMs() const;     // 0 when there is none
  double TokensPerSecond() const;  // over the whole time, connecting and the first token included
  // From the open session to the end, a token; in mode edge from the start.
  double MsPerToken() const;
  // MsPerToken less what the cloud's own steps alone would have taken, by its costs; negative is a gain. 0
  // when the cloud told no costs.
  double Regret() const;
  double NetworkMs() const;   // median round trip less the server's own time; 0 when no frame was answered
  double Acceptance() const;  // accepted / verified; 0 when nothing was verified
};

nlohmann::ordered_json ToJson(const TextReport& report);

double PeakRssMb();  // of this process so far, 1e6 bytes

}  // namespace tandem
