// tandem model pad: the same function at a larger cost.
#include "model/pad_model.h"

#include <nlohmann/json.hpp>

#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

std::optional<int> Figure(const Arguments& arguments, std::string_view name) {
  if (!arguments.Given(name)) return std::nullopt;
  return static_cast<int>(arguments.Integer(name));
}

}  // namespace

int ModelPadVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  auto path = FindModel(arguments.operand());
  if (!path) return Report(path.error(), json);
  PadModelSpec spec{*path, Figure(arguments, "layers"), Figure(arguments, "ff")};
  std::string out = arguments.Text("output");
  auto report = PadModel(spec, out);
  if (!report) return Report(report.error(), json);
  Tell(fmt::format("wrote {}: {} layers, feed-forward {}, {:.1f} MB of tensors; its text is that of {}", out,
                   report->layers, report->ff, static_cast<double>(report->bytes) / 1e6, *path));
  if (json) {
    PrintJson({{"output", out}, {"layers", report->layers}, {"ff", report->ff}, {"bytes", report->bytes}});
  }
  return 0;
}

}  // namespace tandem
