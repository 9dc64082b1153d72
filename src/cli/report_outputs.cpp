// See report_outputs.h.
#include "cli/report_outputs.h"

#include <utility>

#include "cli/output.h"

namespace tandem {

Result<ReportOutputs> ReportOutputs::Open(const Arguments& arguments) {
  ReportOutputs outputs;
  for (auto [name, file] : {std::pair("json-out", &outputs.json_), std::pair("svg", &outputs.svg_)}) {
    if (!arguments.Given(name)) continue;
    auto opened = ReportFile::Open(arguments.Text(name));
    if (!opened) return Forward(opened);
    file->emplace(std::move(*opened));
  }
  return outputs;
}

Status ReportOutputs::Write(const nlohmann::ordered_json& json, const Chart& chart) {
  Status status;
  if (json_) status = json_->Write(JsonText(json) + "\n");
  if (svg_ && status) status = svg_->Write(Svg(chart));
  return status;
}

}  // namespace tandem
