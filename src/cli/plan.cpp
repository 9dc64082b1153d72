// tandem plan: where to cut a model and in which codec its rows should travel, measured on this machine.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/cut_plan_report.h"
#include "cli/evaluation_text.h"
#include "cli/interruptible.h"
#include "cli/layer_ranges.h"
#include "cli/link_terms.h"
#include "cli/model_path.h"
#include "cli/report_outputs.h"
#include "cli/token_file.h"
#include "cli/verbs.h"
#include "codec/row_codec_spec.h"
#include "edge/dialer.h"
#include "edge/edge_model.h"
#include "model/gguf_file.h"
#include "model/hparams.h"

namespace tandem {

namespace {

constexpr Pos kUsualContext = 512;
constexpr int kUsualCuts = 12;  // about so many where none is named

// Layers below each cut: those asked for, or as many as layers, evenly.
Result<std::vector<int>> CutsFor(const Arguments& arguments, int layers) {
  if (arguments.Given("cuts")) return ParseCuts(arguments.Text("cuts"), layers);
  std::vector<int> cuts;
  const int step = (layers + kUsualCuts - 1) / kUsualCuts;
  for (int cut = 0; cut < layers; cut += step) cuts.push_back(cut);
  cuts.push_back(layers);
  return cuts;
}

Result<std::vector<std::string>> CodecsFor(const Arguments& arguments, int width) {
  if (!arguments.Given("codec")) return UsualCodecs(width);
  std::vector<std::string> names;
  for (const std::string& text : arguments.Texts("codec")) {
    const auto spec = ParseRowCodec(text);
    if (!spec) return Forward(spec);
    if (spec->mix == RowMix::kRatio || spec->span == ScaleSpan::kChannel)
      return Fail(ErrorCode::kUsage, "codec {} wants importances or a calibration, which a plan does not try",
                  text);
    const std::string name = Name(*spec);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

CutTerms TermsOf(const Arguments& arguments) {
  return {.link = LinkTimesOf(arguments.Duration("rtt"), arguments.Rate("rate")),
          .text = {.prompt = static_cast<int>(arguments.Integer("prompt-tokens")),
                   .tokens = static_cast<int>(arguments.Integer("predict"))},
          .max_dppl = arguments.Loss("max-dppl")};
}

Result<WindowPlan> WindowsOf(const Arguments& arguments, const std::string& model, Pos trained) {
  WindowPlan plan;
  plan.form = WindowForm::kChunks;
  plan.context =
      arguments.Given("ctx") ? static_cast<Pos>(arguments.Integer("ctx")) : std::min(kUsualContext, trained);
  plan.most = static_cast<size_t>(arguments.Integer("max-windows"));
  if (plan.context > trained)
    return Fail(ErrorCode::kContext, "--ctx is {}, but {} has a context of {}", plan.context, model, trained);
  return plan;
}

Result<PlanRequest> RequestOf(const Arguments& arguments) {
  const auto model = FindModel(arguments.Text("model"));
  if (!model) return Forward(model);
  const auto file = OpenGguf(*model);
  if (!file) return Forward(file);
  const auto shape = CheckModel(file->header());
  if (!shape) return Fail(shape.error().code, "{}: {}", *model, shape.error().message);
  auto cuts = CutsFor(arguments, shape->layers);
  if (!cuts) return Forward(cuts);
  auto codecs = CodecsFor(arguments, shape->width);
  if (!codecs) return Forward(codecs);
  const auto windows = WindowsOf(arguments, *model, shape->context);
  if (!windows) return Forward(windows);
  const auto threads = [&](const char* name) {
    return arguments.Given(name) ? static_cast<int>(arguments.Integer(name)) : AllThreads();
  };
  return PlanRequest{.model = *model,
                     .file = arguments.Text("file"),
                     .windows = *windows,
                     .threads = threads("threads"),
                     .cloud_threads = threads("cloud-threads"),
                     .device = arguments.Text("device"),
                     .cuts = std::move(*cuts),
                     .codecs = std::move(*codecs),
                     .terms = TermsOf(arguments)};
}

// --cloud: what stands for it is measured there; --rtt and --rate, where given, count instead of its link.
Status AskCloud(const Arguments& arguments, PlanRequest& request) {
  if (!arguments.Given("cloud")) return {};
  const auto token = TokenOf(arguments);
  if (!token) return Forward(token);
  const auto dial = MakeDialer({arguments.Text("cloud"), *token, {}, arguments.Text("ca")});
  if (!dial) return Forward(dial);
  const auto text = ReadEvaluatedText(request.file, request.model, request.windows);
  if (!text) return Forward(text);
  const std::vector<Token>& ids = text->text.tokens;
  const size_t most = std::min(ids.size(), static_cast<size_t>(request.windows.context / 2));
  Tell(fmt::format("measuring {}", arguments.Text("cloud")));
  auto cloud = ProbeCloud(request.model, {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(most)},
                          *dial, {.threads = request.threads, .device = request.device});
  if (!cloud) return Forward(cloud);
  if (!arguments.Given("rtt")) request.terms.link.rtt_us = cloud->link.rtt_us;
  if (!arguments.Given("rate")) {
    request.terms.link.up_bytes_per_us = cloud->link.up_bytes_per_us;
    request.terms.link.down_bytes_per_us = 0;
  }
  request.cloud = *cloud;
  return {};
}

}  // namespace

int PlanVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  auto request = RequestOf(arguments);
  if (!request) return Report(request.error(), json);
  auto outputs = ReportOutputs::Open(arguments);
  if (!outputs) return Report(outputs.error(), json);
  const auto measure = [&](const std::function<bool()>& stopped) -> Result<MeasuredPlan> {
    if (Status s = AskCloud(arguments, *request); !s) return Forward(s);
    auto measured = MeasurePlan(*request, stopped);
    if (!measured) return Forward(measured);
    if (Status s = outputs->Write(ToJson(*measured), ReportChart(*measured)); !s) return Forward(s);
    return measured;
  };
  return MeasureAndPrint(
      json, measure, [](const MeasuredPlan& plan) { return ToJson(plan); },
      [](const MeasuredPlan& plan) { fmt::print("{}", ReportText(plan)); });
}

}  // namespace tandem
