// One text from a prompt to a report: what `tandem run` does once, `tandem demo` three times and `tandem
// chat` for every answer.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "cli/edge_model.h"
#include "cli/text_printer.h"
#include "cli/text_report.h"
#include "edge/runner.h"

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
  Rule rule = Rule::kCoupled;
  int32_t clouds = 1;  // that the dialer dials in turn
  Micros retry_for{60'000'000};
};

struct Writing {
  TextReport report;
  std::vector<std::string> notes;  // for people: where exactness does not hold, and the like
};

// Blocks until the text is finished, failed (report.error) or cancelled. An error is returned only for what
// is found before the first token is tried: kUsage for an empty prompt, kContext for one that is too long.
// Tokens go to `printer` as they come. dial may be empty in mode edge, and is never called then.
Result<Writing> Write(const WritingSpec& spec, EdgeModel& edge, const Dialer& dial, TextPrinter& printer,
                      const std::atomic<bool>& cancel);

}  // namespace tandem
