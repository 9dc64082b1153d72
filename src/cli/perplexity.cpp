// tandem perplexity: a text's perplexity under a model, whole or cut in two with a codec between.
#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/perplexity_session.h"
#include "cli/report_file.h"
#include "cli/signal_watch.h"
#include "cli/verbs.h"
#include "model/gguf_file.h"
#include "model/hparams.h"

namespace tandem {

namespace {

constexpr Pos kUsualContext = 512;

int Threads(const Arguments& arguments) {
  if (arguments.Given("threads")) return static_cast<int>(arguments.Integer("threads"));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// --ctx, checked against the model before anything is loaded; without it 512, or all the model has.
Result<Pos> ContextOf(const Arguments& arguments, const std::string& model) {
  const auto file = OpenGguf(model);
  if (!file) return Forward(file);
  const auto hparams = CheckModel(file->header());
  if (!hparams) return Fail(hparams.error().code, "{}: {}", model, hparams.error().message);
  if (!arguments.Given("ctx")) return std::min(kUsualContext, hparams->context);
  const auto context = static_cast<Pos>(arguments.Integer("ctx"));
  if (context > hparams->context)
    return Fail(ErrorCode::kContext, "--ctx is {}, but {} has a context of {}", context, model,
                hparams->context);
  return context;
}

Result<WindowPlan> PlanOf(const Arguments& arguments, const std::string& model) {
  const auto context = ContextOf(arguments, model);
  if (!context) return Forward(context);
  WindowPlan plan;
  plan.context = *context;
  plan.form = arguments.Text("form") == "chunks" ? WindowForm::kChunks : WindowForm::kHf;
  plan.weight = arguments.Text("weight") == "exact" ? VoteWeight::kExact : VoteWeight::kHf;
  plan.stride = std::min(static_cast<Pos>(arguments.Integer("stride")), plan.context);
  plan.most = static_cast<size_t>(arguments.Integer("max-windows"));
  if (arguments.Given("stride") && arguments.Integer("stride") > plan.context)
    return Fail(ErrorCode::kUsage, "--stride is {}, longer than a window of {}", arguments.Integer("stride"),
                plan.context);
  return plan;
}

Result<std::vector<PointName>> PointsOf(const Arguments& arguments) {
  if (!arguments.Given("split")) {
    if (arguments.Given("codec")) return Fail(ErrorCode::kUsage, "--codec needs --split: where to cut");
    return std::vector<PointName>{};
  }
  const auto spec = ParseRowCodec(arguments.Text("codec"));
  if (!spec) return Forward(spec);
  return std::vector<PointName>{{static_cast<int>(arguments.Integer("split")), Name(*spec)}};
}

Result<PerplexityRequest> RequestOf(const Arguments& arguments) {
  PerplexityRequest request;
  auto points = PointsOf(arguments);
  if (!points) return Forward(points);
  request.points = std::move(*points);
  auto model = FindModel(arguments.Text("model"));
  if (!model) return Forward(model);
  request.model = std::move(*model);
  auto plan = PlanOf(arguments, request.model);
  if (!plan) return Forward(plan);
  request.plan = *plan;
  request.file = arguments.Text("file");
  request.threads = Threads(arguments);
  request.device = arguments.Text("device");
  request.partial = arguments.Text("partial");
  return request;
}

struct Outputs {
  std::optional<ReportFile> json, svg;

  Status Open(const Arguments& arguments) {
    for (auto [name, file] : {std::pair("json-out", &json), std::pair("svg", &svg)}) {
      if (!arguments.Given(name)) continue;
      auto opened = ReportFile::Open(arguments.Text(name));
      if (!opened) return Forward(opened);
      file->emplace(std::move(*opened));
    }
    return {};
  }

  Status Write(const PerplexityReport& report) {
    Status status;
    if (json) status = json->Write(JsonText(ToJson(report)) + "\n");
    if (svg && status) status = svg->Write(Svg(ReportChart(report)));
    return status;
  }
};

PerplexityReport ReportOf(const PerplexityRequest& request, PerplexityMeasured measured) {
  PerplexityReport report;
  report.model = request.model;
  report.file = request.file;
  report.plan = request.plan;
  report.bos = measured.text.bos;
  report.tokens = measured.tokens;
  report.planned = measured.planned;
  report.width = measured.width;
  if (!request.points.empty()) report.point = request.points[0];
  report.result = std::move(measured.result);
  report.rows_per_s = measured.rows_per_s;
  return report;
}

}  // namespace

int PerplexityVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  std::atomic<bool> cancel{false};  // outlives the watch, which may set it
  SignalWatch signals;
  signals.SetAction([&] { cancel = true; });
  const auto request = RequestOf(arguments);
  if (!request) return Report(request.error(), json);
  Outputs outputs;
  if (Status s = outputs.Open(arguments); !s) return Report(s.error(), json);
  auto measured = MeasurePerplexity(*request, [&] { return cancel.load(); });
  if (!measured) return Report(measured.error(), json);
  if (measured->result.sums.windows == 0) return 128 + signals.signal();  // nothing to tell yet
  const PerplexityReport report = ReportOf(*request, std::move(*measured));
  if (json) {
    PrintJson(ToJson(report));
  } else {
    fmt::print("{}", ReportText(report));
    std::fflush(stdout);
  }
  if (Status s = outputs.Write(report); !s) {
    Tell(s.error().message);
    return ExitCode(s.error().code);
  }
  return report.complete() ? 0 : 128 + signals.signal();
}

}  // namespace tandem
