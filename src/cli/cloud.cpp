// tandem cloud: serves a target model to edges until SIGTERM or SIGINT.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/software.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/signal_watch.h"
#include "cli/token_file.h"
#include "cli/verbs.h"
#include "cloud/server.h"
#include "decode/ggml_engine.h"
#include "edge/edge_model.h"
#include "model/device.h"
#include "model/model.h"
#include "model/weights_hash.h"
#include "wire/ws_url.h"

namespace tandem {

namespace {

constexpr Micros kDrainPatience{30'000'000};

struct Target {
  std::string path;
  std::shared_ptr<const Vocab> vocab;
  std::shared_ptr<const VocabularyFile> vocabulary;  // null where ids have no text
  std::unique_ptr<GgmlEngine> engine;
  PartSource parts;
  Digest weights{};
  ggml_backend_dev_t device = nullptr;
};

// Layers of the target for edges that compute the others. `whole` must outlive the engines that it makes.
PartSource PartsOf(const Digest& identity, const Model& model, const GgmlEngine& whole) {
  const int layers = model.hparams().layers;
  const auto make = [&whole, layers](int begin, int end) -> Result<std::unique_ptr<Engine>> {
    auto part = GgmlEngine::Beside(whole, {begin + 1, end == layers ? layers + 2 : end + 1});
    if (!part) return Forward(part);
    return std::unique_ptr<Engine>(std::move(*part));
  };
  return PartSource{{layers, model.hparams().width, identity}, make};
}

Result<Target> LoadTarget(const Arguments& arguments) {
  Target target;
  auto path = FindModel(arguments.Text("model"));
  if (!path) return Forward(path);
  target.path = *path;
  auto vocab = Vocab::Load(*path);
  if (!vocab) return Forward(vocab);
  target.vocab = *vocab;
  if (target.vocab->has_text()) {
    auto vocabulary = ExtractVocabulary(*path);
    if (!vocabulary) return Forward(vocabulary);
    target.vocabulary = *vocabulary;
  }
  auto model = Model::Load(*path, {.device = arguments.Text("device")});
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.max_sequences =
      static_cast<int>(arguments.Integer("max-sessions") + arguments.Integer("prefix-cache"));
  options.context = static_cast<Pos>(arguments.Integer("ctx"));
  options.threads =
      arguments.Given("threads") ? static_cast<int>(arguments.Integer("threads")) : AllThreads();
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  target.engine = std::move(*engine);
  const auto digests = DigestsOf(*path);
  if (!digests) return Forward(digests);
  target.parts = PartsOf(digests->identity, **model, *target.engine);
  target.weights = digests->weights;
  target.device = (*model)->device();
  return target;
}

Result<WsServerOptions> ListenOf(const Arguments& arguments) {
  WsServerOptions options;
  options.listen = arguments.Text("listen");
  if (arguments.Given("cert") != arguments.Given("key")) {
    return Fail(ErrorCode::kUsage, "--cert and --key belong together, and --{} is missing",
                arguments.Given("cert") ? "key" : "cert");
  }
  if (arguments.Given("cert")) {
    auto tls = TlsOfCloud(arguments.Text("cert"), arguments.Text("key"));
    if (!tls) return Forward(tls);
    options.tls = *tls;
  }
  auto token = TokenOf(arguments);
  if (!token) return Forward(token);
  options.token = *token;
  return options;
}

// Unless told otherwise a quarter of what is free is left to others, but one text has room in any case.
size_t CacheMemory(const Arguments& arguments, const Target& target) {
  if (arguments.Given("kv-memory")) return static_cast<size_t>(arguments.Integer("kv-memory")) * 1'000'000;
  const EngineInfo& info = target.engine->info();
  const size_t one_text = info.position_bytes * (static_cast<size_t>(info.context) + Service::kRoomToGrow);
  return std::max(FreeMemory(target.device) / 4 * 3, one_text);
}

ServiceConfig ServiceOf(const Arguments& arguments, const Target& target) {
  ServiceConfig config;
  config.software = SoftwareName();
  config.vocab = target.vocab->identity();
  config.weights = target.weights;
  config.vocabulary = target.vocabulary;
  config.max_sessions = static_cast<int32_t>(arguments.Integer("max-sessions"));
  config.prefix_cache = static_cast<int32_t>(arguments.Integer("prefix-cache"));
  config.kv_memory = CacheMemory(arguments, target);
  config.parts = target.parts;
  return config;
}

void Announce(const Arguments& arguments, const Target& target) {
  const EngineInfo& info = target.engine->info();
  if (!arguments.Given("model")) Tell(fmt::format("no --model given: the target is {}", target.path));
  if (!info.exact) Tell(fmt::format("one seed may give several texts: {}", info.exact_note));
}

std::string UrlOf(const CloudServer& server, bool tls) {
  return fmt::format("{}://{}", tls ? "wss" : "ws", server.address());
}

void WarnOfClearText(const std::string& url) {
  auto parsed = ParseWsUrl(url);
  if (!parsed || parsed->tls || IsLoopback(parsed->host)) return;
  Tell("the token and all texts cross the network in the clear: --cert and --key make it wss://");
}

nlohmann::ordered_json TotalsJson(const ServiceStats& stats) {
  return {{"sessions_opened", stats.sessions_opened},
          {"sessions_refused", stats.sessions_refused},
          {"sessions_faulted", stats.sessions_faulted},
          {"rows_shared", stats.rows_shared},
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
  const ServiceConfig config = ServiceOf(arguments, *target);
  auto server = CloudServer::Start(std::move(target->engine), config, *listen);
  if (!server) return Report(server.error(), json);

  std::string url = UrlOf(**server, listen->tls != nullptr);
  WarnOfClearText(url);
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
