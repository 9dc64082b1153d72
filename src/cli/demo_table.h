// The demo's result: what each mode cost, and whether cloud and speculate wrote the same bytes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/demo_target.h"
#include "cli/text_report.h"
#include "wire/link_shape.h"

namespace tandem {

struct DemoResult {
  DemoTarget target;
  LinkShape shape;
  std::vector<TextReport> texts;  // one a mode

  // Null when that mode was not run.
  const TextReport* Find(Mode mode) const;
  // Cloud and speculate both ran to the end and their texts are equal byte by byte.
  bool Identical() const;
};

// mode x tokens/s, ms to first token, acceptance, uplink and downlink bytes per token; lines end with a
// newline.
std::string DemoTable(const DemoResult& result);

// Sentences under the table: identity of the texts, and which mode was faster, a loss said as one.
std::vector<std::string> DemoVerdict(const DemoResult& result);

nlohmann::ordered_json ToJson(const DemoResult& result);

}  // namespace tandem
