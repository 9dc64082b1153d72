// tandem link: a TCP proxy with the delay, rate, losses and cuts of a bad link, until SIGTERM or SIGINT.
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/signal_watch.h"
#include "cli/verbs.h"
#include "wire/tcp_proxy.h"

namespace tandem {

namespace {

Result<LinkCuts> CutsOf(const Arguments& arguments) {
  if (arguments.Given("cut-every") != arguments.Given("cut-for")) {
    return Fail(ErrorCode::kUsage,
                "--cut-every and --cut-for are given together: how often, and for how long");
  }
  LinkCuts cuts{.every = arguments.Duration("cut-every"), .length = arguments.Duration("cut-for")};
  if (cuts.Any() && cuts.length >= cuts.every) {
    return Fail(ErrorCode::kUsage, "--cut-for {} is not shorter than --cut-every {}: nothing would pass",
                arguments.Text("cut-for"), arguments.Text("cut-every"));
  }
  return cuts;
}

Result<TcpProxyOptions> ProxyOf(const Arguments& arguments) {
  const auto cuts = CutsOf(arguments);
  if (!cuts) return Forward(cuts);
  TcpProxyOptions options{.listen = arguments.Text("listen"), .to = arguments.Text("to")};
  options.shape = {.rtt = arguments.Duration("rtt"),
                   .jitter = arguments.Duration("jitter"),
                   .rates = arguments.Rate("rate"),
                   .loss = arguments.Loss("loss"),
                   .cuts = *cuts,
                   .seed = arguments.Seed("seed")};
  if (arguments.Text("cut-mode") == "drop") options.cut_mode = CutMode::kDrop;
  options.on_trouble = [](const std::string& sentence) { Tell(sentence); };
  return options;
}

nlohmann::ordered_json TotalsJson(const TcpProxyTotals& totals) {
  return {{"connections", totals.connections}, {"refused", totals.refused}, {"up_bytes", totals.up_bytes},
          {"down_bytes", totals.down_bytes},   {"stalls", totals.stalls},   {"cuts", totals.cuts}};
}

}  // namespace

int LinkVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  SignalWatch signals;
  const auto options = ProxyOf(arguments);
  if (!options) return Report(options.error(), json);
  const auto proxy = StartTcpProxy(*options);
  if (!proxy) return Report(proxy.error(), json);
  if (arguments.Text("seed") == "random") Tell(fmt::format("seed {}", options->shape.seed));
  fmt::print(stderr, "listening on {}\n", (*proxy)->address());
  signals.AwaitFirst();
  const TcpProxyTotals totals = (*proxy)->totals();
  (*proxy)->Stop();
  if (json) {
    PrintJson({{"listen", (*proxy)->address()},
               {"to", options->to},
               {"seed", options->shape.seed},
               {"totals", TotalsJson(totals)}});
  }
  return 0;
}

}  // namespace tandem
