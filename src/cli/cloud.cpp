// tandem cloud: serves a target model to edges until SIGTERM or SIGINT.
#include <nlohmann/json.hpp>

#include "cli/edge_model.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/signal_watch.h"
#include "cli/token_file.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "cloud/server.h"
#include "decode/ggml_engine.h"
#include "model/model.h"
#include "model/weights_hash.h"

namespace tandem {

namespace {

constexpr Micros kDrainPatience{30'000'000};

struct Target {
  std::string path;
  std::shared_ptr<const Vocab> vocab;
  std::unique_ptr<Engine> engine;
  Digest weights{};
};

Result<Target> LoadTarget(const Arguments& arguments) {
  Target target;
  auto path = FindModel(arguments.Text("model"));
  if (!path) return Forward(path);
  target.path = *path;
  auto vocab = Vocab::Load(*path);
  if (!vocab) return Forward(vocab);
  target.vocab = *vocab;
  auto model = Model::Load(*path, {.device = arguments.Text("device")});
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.max_sequences = static_cast<int>(arguments.Integer("max-sessions"));
  options.context = static_cast<Pos>(arguments.Integer("ctx"));
  options.threads =
      arguments.Given("threads") ? static_cast<int>(arguments.Integer("threads")) : AllThreads();
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  target.engine = std::move(*engine);
  auto weights = WeightsHash(*path);
  if (!weights) return Forward(weights);
  target.weights = *weights;
  return target;
}

Result<WsServerOptions> ListenOf(const Arguments& arguments) {
  WsServerOptions options;
  options.listen = arguments.Text("listen");
  if (!arguments.Given("token-file")) return options;
  auto token = ReadTokenFile(arguments.Text("token-file"));
  if (!token) return Forward(token);
  options.token = *token;
  return options;
}

ServiceConfig ServiceOf(const Arguments& arguments, const Target& target) {
  ServiceConfig config;
  config.software = SoftwareName();
  config.vocab = target.vocab->identity();
  config.weights = target.weights;
  config.max_sessions = static_cast<int32_t>(arguments.Integer("max-sessions"));
  return config;
}

void Announce(const Arguments& arguments, const Target& target) {
  const EngineInfo& info = target.engine->info();
  if (!arguments.Given("model")) Tell(fmt::format("no --model given: the target is {}", target.path));
  if (!info.exact) Tell(fmt::format("one seed may give several texts: {}", info.exact_note));
}

nlohmann::ordered_json TotalsJson(const ServiceStats& stats) {
  return {{"sessions_opened", stats.sessions_opened},
          {"sessions_refused", stats.sessions_refused},
          {"sessions_faulted", stats.sessions_faulted},
          {"steps", stats.steps},
          {"rows", stats.rows},
          {"tokens_committed", stats.tokens_committed},
          {"drafts_verified", stats.drafts_verified},
          {"drafts_accepted", stats.drafts_accepted},
          {"drafts_stale", stats.drafts_stale}};
}

}  // namespace

int CloudVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  SignalWatch signals;
  auto listen = ListenOf(arguments);
  if (!listen) return Report(listen.error(), json);
  auto target = LoadTarget(arguments);
  if (!target) return Report(target.error(), json);
  Announce(arguments, *target);
  auto server = CloudServer::Start(std::move(target->engine), ServiceOf(arguments, *target), *listen);
  if (!server) return Report(server.error(), json);

  std::string url = "ws://" + (*server)->address();
  fmt::print(stderr, "listening on {}\n", url);
  signals.AwaitFirst();
  int sessions = (*server)->sessions();
  if (sessions > 0) Tell(fmt::format("finishing {} sessions, nobody new is admitted", sessions));
  bool all_ended = (*server)->Drain(kDrainPatience);
  if (!all_ended)
    Tell(fmt::format("cut sessions that had not ended after {} s", ToMs(kDrainPatience) / 1000));
  if (json) PrintJson({{"url", url}, {"drained", all_ended}, {"totals", TotalsJson((*server)->stats())}});
  return 0;
}

}  // namespace tandem
