// One text from a prompt to a report: what `tandem run` does once, `tandem demo` three times and `tandem
// chat` for every answer.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "cli/text_printer.h"
#include "cli/text_report.h"
#include "edge/edge_model.h"
#include "edge/runner.h"
#include "edge/writing_spec.h"

namespace tandem {

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
