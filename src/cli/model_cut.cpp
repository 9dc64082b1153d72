// tandem model cut: some layers of a model as a file that loads alone.
#include "model/cut_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/evaluation_text.h"
#include "cli/layer_ranges.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "edge/edge_model.h"
#include "lab/measured_rows.h"

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

// As llama.cpp's chunks: each begins as a text does.
constexpr Pos kWindow = 256;
constexpr size_t kWindows = 8;

Status WeighAll(const std::string& model, const EvaluatedText& text, int threads,
                std::vector<RowStatistics>& rows) {
  std::optional<Progress> progress;
  const auto step = [&](size_t, size_t total) {
    if (!progress) progress.emplace(stderr, total);
    progress->Step();
    return true;
  };
  Tell("measuring the relevance of all heads on the first window");
  return WeighHeads(model, text, {.threads = threads, .go_on = step}, rows);
}

Result<std::vector<RowStatistics>> Calibrated(const Arguments& arguments, const std::string& model,
                                              std::span<const StageRange> stages, int layers) {
  const std::vector<int> cuts = CutsWithin(stages, layers);
  const std::string path = arguments.Text("calibrate");
  auto chain =
      StageChain::Load(model, cuts,
                       {.threads = arguments.Given("threads") ? static_cast<int>(arguments.Integer("threads"))
                                                              : AllThreads()});
  if (!chain) return Forward(chain);
  const WindowPlan plan{
      .form = WindowForm::kChunks, .context = std::min(kWindow, (*chain)->shape().context), .most = kWindows};
  const auto sample = ReadEvaluatedText(path, model, plan);
  if (!sample) return Forward(sample);
  Tell(fmt::format("measuring the rows at {} cuts on {} windows of {} tokens of {}", cuts.size(),
                   sample->text.windows.size(), plan.context, path));
  auto rows = MeasureRows(**chain, cuts, sample->text);
  if (!rows || !arguments.Switch("heads")) return rows;
  if (Status s = WeighAll(
          model, sample->text,
          arguments.Given("threads") ? static_cast<int>(arguments.Integer("threads")) : AllThreads(), *rows);
      !s)
    return Forward(s);
  return rows;
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
  if (arguments.Given("calibrate")) {
    spec.measure = [&](std::span<const StageRange> stages, int of) {
      return Calibrated(arguments, *path, stages, of);
    };
  } else if (arguments.Switch("heads")) {
    return Report({ErrorCode::kUsage, "--heads needs --calibrate: the text that heads are weighed on"}, json);
  }
  const auto report = CutModel(spec, out);
  if (!report) return Report(report.error(), json);
  Tell(fmt::format("wrote {}: {}, {:.1f} of {:.1f} MB of tensors; part of model {}", out,
                   StagesText(report->stages, report->layers), static_cast<double>(report->bytes) / 1e6,
                   static_cast<double>(report->whole_bytes) / 1e6, Hex(report->identity).substr(0, 16)));
  if (json) PrintJson(ReportJson(*report, out));
  return 0;
}

}  // namespace tandem
