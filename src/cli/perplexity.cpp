// tandem perplexity: a text's perplexity under a model, whole, cut in two with a codec between, or for a
// whole sweep of cuts and codecs.
#include <atomic>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/perplexity_request.h"
#include "cli/report_outputs.h"
#include "cli/signal_watch.h"
#include "cli/sweep_folder.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

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

// Measures until done or told to stop, prints, writes, and gives the exit code.
class PerplexityCommand {
 public:
  explicit PerplexityCommand(const Arguments& arguments)
      : arguments_(arguments), json_(arguments.Switch("json")) {
    signals_.SetAction([this] { cancel_ = true; });
  }
  ~PerplexityCommand() { signals_.SetAction({}); }

  int Once() {
    const auto request = RequestOf(arguments_);
    if (!request) return Report(request.error(), json_);
    auto outputs = ReportOutputs::Open(arguments_);
    if (!outputs) return Report(outputs.error(), json_);
    auto measured = Measure(*request);
    if (!measured) return Report(measured.error(), json_);
    if (measured->result.sums.windows == 0) return 128 + signals_.signal();  // nothing to tell yet
    const PerplexityReport report = ReportOf(*request, std::move(*measured));
    return Finish(report, outputs->Write(ToJson(report), ReportChart(report)));
  }

  int Sweep() {
    auto sweep = SweepRequestOf(arguments_);
    if (!sweep) return Report(sweep.error(), json_);
    const auto folder = SweepFolder::Open(arguments_.Text("output"), sweep->params);
    if (!folder) return Report(folder.error(), json_);
    sweep->request.partial = folder->Partial();
    Tell(fmt::format("{} points; results in {}", sweep->request.points.size(), folder->path()));
    auto measured = Measure(sweep->request);
    if (!measured) return Report(measured.error(), json_);
    if (measured->result.sums.windows == 0) return 128 + signals_.signal();
    const SweepReport report{std::move(sweep->request), std::move(*measured)};
    return Finish(report, folder->Write(report));
  }

 private:
  Result<PerplexityMeasured> Measure(const PerplexityRequest& request) {
    return MeasurePerplexity(request, [this] { return cancel_.load(); });
  }

  template <class AnyReport>
  int Finish(const AnyReport& report, const Status& written) {
    if (json_) {
      PrintJson(ToJson(report));
    } else {
      fmt::print("{}", ReportText(report));
      std::fflush(stdout);
    }
    if (!written) {
      Tell(written.error().message);
      return ExitCode(written.error().code);
    }
    return report.complete() ? 0 : 128 + signals_.signal();
  }

  const Arguments& arguments_;
  const bool json_;
  std::atomic<bool> cancel_{false};  // outlives the watch, which may set it
  SignalWatch signals_;
};

}  // namespace

int PerplexityVerb(const Arguments& arguments) {
  PerplexityCommand command(arguments);
  return arguments.Given("sweep") ? command.Sweep() : command.Once();
}

}  // namespace tandem
