// tandem bench: the modes on the same texts over links of several round trips, and a report on them.
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/bench_lists.h"
#include "cli/cloud_child.h"
#include "cli/comparison.h"
#include "cli/comparison_json.h"
#include "cli/comparison_report.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/prompt_file.h"
#include "cli/report_file.h"
#include "cli/run.h"
#include "cli/signal_watch.h"
#include "cli/token_file.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

constexpr size_t kMostRead = 100'000;  // prompts of a file that are looked at for such as fit

// The outputs that were asked for, opened.
struct Outputs {
  std::optional<ReportFile> report, json, html, svg;

  Status Open(const Arguments& arguments) {
    for (auto [name, file] : {std::pair("report", &report), std::pair("json-out", &json),
                              std::pair("html", &html), std::pair("svg", &svg)}) {
      if (!arguments.Given(name)) continue;
      auto opened = ReportFile::Open(arguments.Text(name));
      if (!opened) return Forward(opened);
      file->emplace(std::move(*opened));
    }
    return {};
  }

  Status Write(const Comparison& comparison, const std::vector<ComparisonRow>& rows) {
    Status status;
    if (report) status = report->Write(ReportText(comparison, rows));
    if (json && status) status = json->Write(JsonText(ToJson(comparison, rows)) + "\n");
    if (html && status) status = html->Write(ReportHtml(comparison, rows));
    if (svg && status) status = svg->Write(Svg(ReportChart(rows)));
    return status;
  }
};

class Bench {
 public:
  explicit Bench(const Arguments& arguments) : arguments_(arguments), json_(arguments.Switch("json")) {
    signals_.SetAction([this] { cancel_ = true; });
  }
  ~Bench() { signals_.SetAction({}); }

  int Run() {
    Status status = Prepare();
    if (!status) return cancel_ ? 128 + signals_.signal() : Report(status.error(), json_);
    Tell(fmt::format("writing {} texts of up to {} tokens", comparison_.plan.AllTexts(),
                     comparison_.plan.tokens));
    {
      Progress progress(stderr, comparison_.plan.AllTexts());
      status = Compare(
          routes_, edge_, comparison_, [&] { progress.Step(); }, cancel_);
    }
    return Finish(status);
  }

 private:
  // Cheap things first: nothing is padded or started for options that make no sense.
  Status Prepare() {
    if (Status s = TakePlan(); !s) return s;
    auto draft = FindModel(arguments_.Text("draft-model"));
    if (!draft) return Forward(draft);
    auto edge =
        LoadEdgeModel(*draft, Mode::kAuto, {.threads = static_cast<int>(arguments_.Integer("threads"))});
    if (!edge) return Forward(edge);
    edge_ = std::move(*edge);
    if (Status s = TakePromptSet(); !s) return s;
    if (Status s = outputs_.Open(arguments_); !s) return s;
    return FindCloud();
  }

  Status TakePlan() {
    ComparisonPlan& plan = comparison_.plan;
    auto contenders = ParseContenders(arguments_.Text("modes"), arguments_.Text("k"));
    if (!contenders) return Forward(contenders);
    auto round_trips = ParseRoundTrips(arguments_.Text("rtt"));
    if (!round_trips) return Forward(round_trips);
    plan.contenders = std::move(*contenders);
    plan.round_trips = std::move(*round_trips);
    plan.iterations = static_cast<int>(arguments_.Integer("iterations"));
    plan.warmup = static_cast<int>(arguments_.Integer("warmup"));
    plan.tokens = static_cast<int32_t>(arguments_.Integer("predict"));
    plan.sampling = SamplingOf(arguments_);
    return {};
  }

  Status TakePromptSet() {
    ComparisonPlan& plan = comparison_.plan;
    plan.prompt_set = arguments_.Text("prompts");
    Result<std::vector<std::string>> prompts = BuiltinPrompts();
    if (plan.prompt_set != "builtin") prompts = ReadPrompts(plan.prompt_set, kMostRead);
    if (!prompts) return Forward(prompts);
    return TakePrompts(*prompts, static_cast<size_t>(arguments_.Integer("num-prompts")), edge_, plan);
  }

  Status FindCloud() {
    CloudRoute route;
    route.shape.jitter = arguments_.Duration("jitter");
    route.shape.rates = arguments_.Rate("rate");
    route.shape.loss = arguments_.Loss("loss");
    route.shape.seed = comparison_.plan.sampling.seed;
    route.ca_file = arguments_.Text("ca");
    auto token = TokenOf(arguments_);
    if (!token) return Forward(token);
    route.token = *token;
    comparison_.clouds = arguments_.Texts("cloud");
    for (const std::string& url : comparison_.clouds) {
      routes_.push_back(route);
      routes_.back().url = url;
    }
    return routes_.empty() ? StartCloud(route) : Status{};
  }

  Status StartCloud(CloudRoute route) {
    auto target = cloud_.StartDemo(Tell, [this] { return cancel_.load(); });
    if (!target) return Forward(target);
    comparison_.target = *target;
    route.url = cloud_.url();
    routes_.push_back(std::move(route));
    return {};
  }

  int Finish(const Status& measured) {
    const std::vector<ComparisonRow> rows = RowsOf(comparison_);
    const Status written = outputs_.Write(comparison_, rows);
    if (!measured) return Report(measured.error(), json_);
    if (json_) {
      PrintJson(ToJson(comparison_, rows));
    } else {
      fmt::print("{}", ReportText(comparison_, rows));
      std::fflush(stdout);
    }
    if (!written) Tell(written.error().message);
    if (cancel_) return 128 + signals_.signal();
    if (!written) return ExitCode(written.error().code);
    return comparison_.Identical() ? 0 : ExitCode(ErrorCode::kInternal);
  }

  const Arguments& arguments_;
  const bool json_;
  std::atomic<bool> cancel_{false};
  SignalWatch signals_;
  Outputs outputs_;
  CloudChild cloud_;
  std::vector<CloudRoute> routes_;
  EdgeModel edge_;
  Comparison comparison_;
};

}  // namespace

int BenchVerb(const Arguments& arguments) {
  return Bench(arguments).Run();
}

}  // namespace tandem
