// One text as people ask for it, and what the generation loop makes of that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/edge_model.h"
#include "edge/generation.h"

namespace tandem {

// A prompt as ids: those of a chat so far.
struct PromptIds {
  std::vector<Token> ids;
  std::vector<PromptSpan> spans;  // what came in at once, in order
};

struct WritingSpec {
  Mode mode = Mode::kEdge;
  std::string prompt;              // what the user said
  std::optional<PromptIds> ids{};  // what the model is given for it; absent: the prompt's own ids
  int32_t max_tokens = 128;
  SamplingParams sampling;
  int32_t draft_length = 3;
  int32_t window = 0;
  bool ngrams = false;  // drafts are looked up in the text
  Rule rule = Rule::kCoupled;
  int32_t clouds = 1;  // that the dialer dials in turn
  Micros retry_for{60'000'000};
  bool offline = false;  // the draft model goes on when the cloud is gone for good
};

// With the prompt as ids of the edge's vocabulary. kUsage for an empty prompt or values that make no sense,
// kContext for a prompt that is too long.
Result<GenerationConfig> ConfigOf(const WritingSpec& spec, const EdgeModel& edge);

}  // namespace tandem
