// What a prompt costs a cut model until the first token is there: its rows in chunks, so that the layers
// here, the link and the cloud work at once, beside the same prompt computed here as a whole before its first
// row leaves, and beside the sum of the parts. A model of random weights in the shape of Qwen2.5-0.5B with
// eight layers, half of them here and half in a cloud's process, one thread each.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/types.h"
#include "wire/link_shape.h"

namespace tandem {

inline constexpr int kMostPromptTokens = 449;

struct SplitPromptOptions {
  int tokens = kMostPromptTokens;  // of a prompt; 65 to kMostPromptTokens
  int rounds = 3;                  // prompts, each in all ways in turn
  LinkShape link{.rtt = Micros{30'000}, .rates = {.down_bps = 10e6, .up_bps = 10e6}};
};

// ms until the first token, medians over the prompts, from before the connection is dialled.
struct SplitPrompt {
  int tokens = 0;
  double bytes = 0;  // up, the prompt's rows and what goes with them
  double chunks_ms = 0;
  double whole_ms = 0;  // computed here as a whole, then sent
  double edge_ms = 0;   // the parts: in the layers here and the codec,
  double line_ms = 0;   // the bytes at the link's rate,
  double delay_ms = 0;  // what its round trip adds where it has no rate: connecting, greeting, asking
  double cloud_ms = 0;  // the rest of what it takes without a link

  double SumMs() const { return edge_ms + line_ms + delay_ms + cloud_ms; }
};

// Needs 150 MB of the temporary folder while it runs. Errors of the model's file, of the cloud's process and
// of texts that failed; kUsage for a codec that does not fit. `stopped` is asked between texts.
Result<SplitPrompt> MeasureSplitPrompt(const SplitPromptOptions& options, const std::string& codec,
                                       const std::function<void(const std::string&)>& tell,
                                       const std::function<bool()>& stopped);

}  // namespace tandem
