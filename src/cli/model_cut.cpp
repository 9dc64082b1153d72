// tandem model cut: some layers of a model as a file that loads alone.
#include "model/cut_model.h"

#include <nlohmann/json.hpp>

#include "cli/layer_ranges.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

nlohmann::ordered_json ReportJson(const CutModelReport& report, const std::string& out) {
  nlohmann::ordered_json stages = nlohmann::ordered_json::array();
  for (const StageRange& range : report.stages) stages.push_back({range.begin, range.end});
  return {{"output", out},
          {"stages", stages},
          {"layers", report.layers},
          {"bytes", report.bytes},
          {"whole_bytes", report.whole_bytes},
          {"identity", Hex(report.identity)}};
}

}  // namespace

int ModelCutVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  const auto path = FindModel(arguments.operand());
  if (!path) return Report(path.error(), json);
  auto layers = ParseLayerRanges(arguments.Text("layers"));
  if (!layers) return Report(layers.error(), json);
  const std::string out = arguments.Text("output");
  CutModelSpec spec;
  spec.path = *path;
  spec.layers = std::move(*layers);
  const auto report = CutModel(spec, out);
  if (!report) return Report(report.error(), json);
  Tell(fmt::format("wrote {}: {}, {:.1f} of {:.1f} MB of tensors; part of model {}", out,
                   StagesText(report->stages, report->layers), static_cast<double>(report->bytes) / 1e6,
                   static_cast<double>(report->whole_bytes) / 1e6, Hex(report->identity).substr(0, 16)));
  if (json) PrintJson(ReportJson(*report, out));
  return 0;
}

}  // namespace tandem
