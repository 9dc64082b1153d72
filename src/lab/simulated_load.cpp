// See simulated_load.h.
#include "lab/simulated_load.h"

#include <algorithm>
#include <memory>

#include "lab/sim_cloud.h"
#include "lab/sim_edge.h"

namespace tandem {

namespace {

constexpr int kVocab = 64;
constexpr uint64_t kTargetSalt = 11, kDraftSalt = 99;
// Acceptance of a fake draft that never follows the target: two random laws over the same ids agree that
// often (measured: lab/simulated_load_test.cpp holds it).
constexpr double kByChance = 0.16;
constexpr uint64_t kMostEvents = 5'000'000;

FakeEngineConfig TargetOf(const SimulatedLoad& load) {
  return {.vocab_size = kVocab,
          .context = std::max<Pos>(512, load.tokens + 64),
          .max_sequences = load.clients,
          .max_rows = 1024,
          .salt = kTargetSalt};
}

FakeEngineConfig DraftOf(const SimulatedLoad& load) {
  FakeEngineConfig draft = TargetOf(load);
  draft.max_sequences = 1;
  draft.salt = kDraftSalt;
  draft.follows = kTargetSalt;
  draft.agreement = std::clamp((load.acceptance - kByChance) / (1 - kByChance), 0.0, 1.0);
  return draft;
}

std::unique_ptr<Engine> MakeDraft(const SimulatedLoad& load, int client) {
  if (load.trace.empty()) return std::make_unique<FakeEngine>(DraftOf(load));
  FakeEngineConfig target = TargetOf(load);
  target.max_sequences = 1;
  const size_t begin = static_cast<size_t>(load.seed) * 10'007 + static_cast<size_t>(client) * 1'009;
  return std::make_unique<TracedDraft>(target, load.trace, begin);
}

GenerationConfig TextOf(const SimulatedLoad& load, int client, const VocabIdentity& vocab) {
  GenerationConfig config;
  config.mode = load.mode;
  config.prompt = {static_cast<Token>(client % kVocab)};  // one id: no step for prompts
  config.max_tokens = load.tokens;
  config.sampling.seed = load.seed * 1000 + static_cast<uint64_t>(client);
  if (!load.trace.empty()) config.sampling.temperature = 0;
  config.draft_length = load.draft_length;
  config.vocab = vocab;
  return config;
}

// A cloud and its edges; they begin a step apart, as strangers do.
struct Play {
  explicit Play(const SimulatedLoad& load) {
    CloudSetup setup;
    setup.target = TargetOf(load);
    setup.service.software = "simulation";
    setup.service.vocab = {.size = kVocab, .digest = Digest{1}};
    setup.service.max_sessions = load.clients;
    setup.measured = load.step_costs;
    cloud = std::make_unique<SimCloud>(queue, setup);
    for (int i = 0; i < load.clients; ++i) {
      drafts.push_back(MakeDraft(load, i));
      edges.push_back(std::make_unique<SimEdge>(
          queue, TextOf(load, i, setup.service.vocab),
          load.mode == Mode::kCloud ? nullptr : drafts.back().get(),
          [this, load, i](int) { return Dial(load, i); }, load.draft_cost));
      queue.At(load.step_costs.front() * i / std::max(1, load.clients),
               [edge = edges.back().get()] { edge->Start(); });
    }
    queue.RunAll(kMostEvents);
  }

  std::shared_ptr<SimLink> Dial(const SimulatedLoad& load, int client) {
    Weather weather{.shape = load.link};
    weather.shape.seed += static_cast<uint64_t>(client);
    auto link = std::make_shared<SimLink>(queue, weather);
    cloud->Accept(link);
    return link;
  }

  EventQueue queue;
  std::unique_ptr<SimCloud> cloud;
  std::vector<std::unique_ptr<Engine>> drafts;
  std::vector<std::unique_ptr<SimEdge>> edges;
};

}  // namespace

SimulatedFigures Simulate(const SimulatedLoad& load) {
  const Play play(load);
  SimulatedFigures figures;
  uint64_t tokens = 0, accepted = 0, verified = 0, sent = 0, stale = 0, bytes = 0;
  Micros first = Micros::max(), last{0};
  for (const auto& edge : play.edges) {
    const GenerationStats& stats = edge->generation().stats();
    figures.ms_per_token += ToMs(stats.finished - stats.opened) / static_cast<double>(stats.generated);
    figures.predicted_ms_per_token += stats.predicted_us / 1000;
    figures.bound_ms += edge->generation().planner().BoundUs() / 1000;
    tokens += stats.generated;
    accepted += stats.accepted;
    verified += stats.verified;
    sent += stats.sent;
    stale += stats.stale;
    bytes += edge->bytes_up();
    first = std::min(first, stats.opened);
    last = std::max(last, stats.finished);
  }
  const auto clients = static_cast<double>(load.clients);
  figures.ms_per_token /= clients;
  figures.predicted_ms_per_token /= clients;
  figures.bound_ms /= clients;
  figures.acceptance = verified == 0 ? 0 : static_cast<double>(accepted) / static_cast<double>(verified);
  const auto a_token = [&](uint64_t sum) { return static_cast<double>(sum) / static_cast<double>(tokens); };
  figures.uplink_bytes_per_token = a_token(bytes);
  figures.sent_per_token = a_token(sent);
  figures.stale_per_token = a_token(stale);
  figures.tokens_per_second = static_cast<double>(tokens) * 1000 / ToMs(last - first);
  figures.server_us_per_token = ToMs(play.cloud->busy()) * 1000 / static_cast<double>(tokens);
  return figures;
}

SimulatedFigures SimulateSeeds(SimulatedLoad load, int seeds) {
  SimulatedFigures mean;
  for (load.seed = 1; load.seed <= static_cast<uint64_t>(seeds); ++load.seed) {
    const SimulatedFigures one = Simulate(load);
    for (const auto field : {&SimulatedFigures::ms_per_token, &SimulatedFigures::predicted_ms_per_token,
                             &SimulatedFigures::bound_ms, &SimulatedFigures::acceptance,
                             &SimulatedFigures::uplink_bytes_per_token, &SimulatedFigures::sent_per_token,
                             &SimulatedFigures::stale_per_token, &SimulatedFigures::tokens_per_second,
                             &SimulatedFigures::server_us_per_token})
      mean.*field += one.*field / seeds;
  }
  return mean;
}

}  // namespace tandem
