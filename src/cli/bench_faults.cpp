// See bench_faults.h.
#include "cli/bench_faults.h"

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/user_cache.h"
#include "cli/cloud_child.h"
#include "cli/model_path.h"
#include "cli/writing.h"
#include "edge/dialer.h"

#include "wire/tcp_proxy.h"

namespace tandem {

namespace {

constexpr int kCloudThreads = 2, kDraftThreads = 1;
constexpr int kKeptTexts = 8;         // as `tandem cloud` has it
constexpr Micros kSlack{500'000};     // that a cut may cost beyond its length
constexpr Micros kSwitch{2'000'000};  // that a killed cloud may cost beside the prompt's prefill
constexpr Micros kMargin{5'000'000};  // the proxy's second cut stays so far from the text's end

void Sleep(Micros time, const std::function<bool()>& stopped) {
  const SteadyClock clock;
  for (const Micros end = clock.Now() + time; clock.Now() < end && !stopped();)
    std::this_thread::sleep_for(std::min(Micros{50'000}, end - clock.Now()));
}

class Bench {
 public:
  Bench(const FaultsOptions& options, const std::function<void(const std::string&)>& tell,
        const std::function<bool()>& stopped)
      : options_(options), tell_(tell), stopped_(stopped) {}

  Result<std::vector<FaultRow>> Run() {
    auto draft = FindModel("demo-draft-q8_0.gguf"), small = FindModel("demo-target-q8_0.gguf");
    if (!draft) return Forward(draft);
    if (!small) return Forward(small);
    auto target = PrepareDemoTarget(*small, CacheFolder() + "/demo", kCloudThreads, tell_, stopped_);
    if (!target) return Forward(target);
    target_ = target->path;
    auto edge = LoadEdgeModel(*draft, Mode::kAuto, {.threads = kDraftThreads});
    if (!edge) return Forward(edge);
    edge_ = std::move(*edge);
    for (const Micros rtt : options_.round_trips) {
      if (Status s = At(rtt); !s) return Forward(s);
    }
    return std::move(rows_);
  }

 private:
  Status At(Micros rtt) {
    CloudChild first, second;
    for (CloudChild* cloud : {&first, &second}) {
      if (Status s = cloud->Start(CloudOptions(), stopped_); !s) return s;
    }
    tell_(fmt::format("round trip {:g} ms: without a fault", ToMs(rtt)));
    // The first text pays for the prompt: the others all find it in the first cloud's prefix cache.
    auto cold = WriteOver({{first.url(), "", {.rtt = rtt}}}),
         plain = WriteOver({{first.url(), "", {.rtt = rtt}}});
    if (!cold) return Forward(cold);
    if (!plain) return Forward(plain);
    for (const CutMode mode : {CutMode::kStall, CutMode::kDrop}) {
      auto report = WithCut(first.url(), rtt, mode, plain->TotalMs());
      if (!report) return Forward(report);
      Book(mode == CutMode::kStall ? "stall" : "drop", rtt, options_.cut + kSlack, *plain, *report);
    }
    auto report = WithKill(first, second, rtt, plain->TotalMs());
    if (!report) return Forward(report);
    // The replica computes the prompt and half the text; only the prompt's part is granted.
    Book("kill", rtt, kSwitch + Micros(static_cast<int64_t>(cold->FirstTokenMs() * 1000)), *plain, *report);
    return {};
  }

  CloudChildOptions CloudOptions() const {
    return {.model = target_, .threads = kCloudThreads, .prefix_cache = kKeptTexts};
  }

  Result<TextReport> WriteOver(const std::vector<CloudRoute>& routes) {
    if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
    WritingSpec spec;
    spec.mode = Mode::kAuto;
    spec.prompt = options_.prompt;
    spec.max_tokens = options_.tokens;
    spec.sampling.seed = options_.seed;
    spec.clouds = static_cast<int32_t>(routes.size());
    auto dial = MakeDialer(routes);
    if (!dial) return Forward(dial);
    TextPrinter printer(*edge_.vocab, nullptr, false);
    const std::atomic<bool> never{false};
    auto writing = Write(spec, edge_, *dial, printer, never);
    if (!writing) return Forward(writing);
    if (writing->report.error) return tl::unexpected(*writing->report.error);
    return std::move(writing->report);
  }

  // Begins the text so that the proxy's first cut comes in its middle, and the second one after its end.
  Result<TextReport> WithCut(const std::string& url, Micros rtt, CutMode mode, double text_ms) {
    const auto half = Micros(static_cast<int64_t>(text_ms * 500));
    TcpProxyOptions proxy{.listen = "127.0.0.1:0", .to = url.substr(url.rfind('/') + 1), .cut_mode = mode};
    proxy.shape.rtt = rtt;
    proxy.shape.cuts = {.every = 2 * half + options_.cut + kMargin, .length = options_.cut};
    auto running = StartTcpProxy(proxy);
    if (!running) return Forward(running);
    tell_(fmt::format("round trip {:g} ms: a cut of {:g} s, {}", ToMs(rtt), ToMs(options_.cut) / 1000,
                      mode == CutMode::kStall ? "nobody is told" : "connections are reset"));
    Sleep(proxy.shape.cuts.every - half, stopped_);
    auto report = WriteOver({{"ws://" + (*running)->address(), "", {}}});
    if (report && (*running)->totals().cuts == 0) return TooEarly();
    return report;
  }

  Result<TextReport> WithKill(CloudChild& first, const CloudChild& second, Micros rtt, double text_ms) {
    tell_(fmt::format("round trip {:g} ms: a killed cloud with a replica", ToMs(rtt)));
    std::jthread killer([&](const std::stop_token& written) {
      Sleep(Micros(static_cast<int64_t>(text_ms * 500)), [&] { return written.stop_requested(); });
      first.Kill();
    });
    auto report = WriteOver({{first.url(), "", {.rtt = rtt}}, {second.url(), "", {.rtt = rtt}}});
    if (report && report->stats.reconnects == 0) return TooEarly();
    return report;
  }

  static Result<TextReport> TooEarly() {
    return Fail(ErrorCode::kInternal,
                "the text was written before the fault came: this machine is too busy to time it");
  }

  void Book(const std::string& fault, Micros rtt, Micros allowed, const TextReport& plain,
            const TextReport& report) {
    rows_.push_back({.fault = fault,
                     .rtt_ms = ToMs(rtt),
                     .without_ms = plain.TotalMs(),
                     .with_ms = report.TotalMs(),
                     .allowed_ms = ToMs(allowed),
                     .reconnects = report.stats.reconnects,
                     .identical = report.text == plain.text});
  }

  const FaultsOptions& options_;
  const std::function<void(const std::string&)>& tell_;
  const std::function<bool()>& stopped_;
  std::string target_;  // path
  EdgeModel edge_;
  std::vector<FaultRow> rows_;
};

}  // namespace

Result<std::vector<FaultRow>> MeasureFaults(const FaultsOptions& options,
                                            const std::function<void(const std::string&)>& tell,
                                            const std::function<bool()>& stopped) {
  return Bench(options, tell, stopped).Run();
}

}  // namespace tandem
