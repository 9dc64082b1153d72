// The files that --json-out and --svg name: opened before a long measurement, written after it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "cli/arguments.h"
#include "cli/report_file.h"
#include "cli/svg_chart.h"

namespace tandem {

class ReportOutputs {
 public:
  // kFile for a path that cannot be written.
  static Result<ReportOutputs> Open(const Arguments& arguments);

  // Each file that was asked for; once.
  Status Write(const nlohmann::ordered_json& json, const Chart& chart);

 private:
  std::optional<ReportFile> json_, svg_;
};

}  // namespace tandem
