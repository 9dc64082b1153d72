// Playing and judging, see scenario.h; the dice are in random_scenario.cpp.
#include "testing/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "lab/sim_edge.h"
#include "testing/reference_text.h"

namespace tandem::testing {
namespace {

constexpr uint64_t kMostEvents = 400'000;  // of a scenario; ordinary ones need a few hundred
constexpr Micros kTick{500'000};

class Stage {
 public:
  explicit Stage(const Scenario& scenario) : scenario_(scenario) {
    for (int i = 0; i < scenario.replicas; ++i)
      clouds_.push_back(std::make_unique<SimCloud>(queue_, scenario.cloud));
  }

  Outcome Run() {
    for (size_t i = 0; i < scenario_.edges.size(); ++i) Enter(i);
    for (const Outage& outage : scenario_.restarts) {
      SimCloud* cloud = clouds_[static_cast<size_t>(outage.replica)].get();
      queue_.At(outage.at, [cloud] { cloud->Kill(); });
      queue_.At(outage.at + outage.lasts, [cloud] {
        if (!cloud->up()) cloud->Start();
      });
    }
    for (const Micros at : scenario_.failing_steps) queue_.At(at, [this] { clouds_[0]->FailNextStep(); });
    queue_.After(kTick, [this] { Tick(); });
    Outcome outcome;
    if (!queue_.RunAll(kMostEvents)) outcome.trouble += "the conversation never ends; ";
    Leave(outcome);
    return outcome;
  }

 private:
  void Enter(size_t i) {
    const EdgeSetup& setup = scenario_.edges[i];
    drafts_.push_back(std::make_unique<FakeEngine>(setup.draft));
    const bool split = setup.config.mode == Mode::kSplit;
    const bool drafts =
        setup.config.mode != Mode::kCloud && !setup.config.ngrams && (!split || setup.looks_ahead);
    Engine* draft = drafts ? drafts_.back().get() : nullptr;
    edges_.push_back(std::make_unique<SimEdge>(
        queue_, setup.config, draft, [this, i](int n) { return Dial(i, n); }, setup.draft_cost,
        split ? Front(setup) : nullptr, split ? Back(setup) : nullptr));
    queue_.At(setup.starts, [edge = edges_.back().get()] { edge->Start(); });
  }

  std::unique_ptr<SplitFront> Front(const EdgeSetup& setup) {
    FakeEngineConfig config = scenario_.cloud.target;
    config.output_width = kFakeRowWidth;
    config.max_sequences = 1;
    drafts_.push_back(std::make_unique<FakeEngine>(config));
    const ModelCut& cut = *setup.config.cut;
    auto codec = RowCodec::Make(ParseRowCodec(cut.codec).value(), kFakeRowWidth, cut.calibration).value();
    std::optional<ChunkImportance> importance;
    if (!setup.importance.empty()) importance.emplace(ParseImportance(setup.importance).value(), cut.begin);
    return std::make_unique<SplitFront>(*drafts_.back(), std::move(codec), cut.begin, scenario_.cloud.layers,
                                        std::move(importance));
  }

  // What lies behind the cloud's layers, where the head is the edge's.
  std::unique_ptr<SplitBack> Back(const EdgeSetup& setup) {
    const ModelCut& cut = *setup.config.cut;
    if (!cut.HeadAtEdge()) return nullptr;
    FakeEngineConfig config = scenario_.cloud.target;
    config.input_width = kFakeRowWidth;
    config.max_sequences = 1;
    drafts_.push_back(std::make_unique<FakeEngine>(config));
    auto codec =
        RowCodec::Make(ParseRowCodec(cut.codec_back).value(), kFakeRowWidth, cut.calibration_back).value();
    return std::make_unique<SplitBack>(*drafts_.back(), std::move(codec));
  }

  std::shared_ptr<SimLink> Dial(size_t i, int n) {
    const EdgeSetup& setup = scenario_.edges[i];
    SimCloud& cloud = *clouds_[static_cast<size_t>(n) % clouds_.size()];
    if (!cloud.up() || !setup.reachable) return nullptr;
    const size_t which = std::min(static_cast<size_t>(n), setup.weather.size() - 1);
    Weather weather = setup.weather[which];
    if (static_cast<size_t>(n) > which) weather.cut_at = -1;
    weather.shape.seed = scenario_.seed * 64 + i * 8 + static_cast<uint64_t>(n);
    auto link = std::make_shared<SimLink>(queue_, weather);
    cloud.Accept(link);
    return link;
  }

  void Tick() {
    if (std::all_of(edges_.begin(), edges_.end(), [](const auto& e) { return e->finished(); })) return;
    for (const auto& cloud : clouds_) cloud->Tick();
    queue_.After(kTick, [this] { Tick(); });
  }

  void Leave(Outcome& outcome) {
    for (size_t i = 0; i < edges_.size(); ++i) {
      const SimEdge& edge = *edges_[i];
      const Generation& generation = edge.generation();
      outcome.edges.push_back({.finish = edge.finish(),
                               .error = edge.error(),
                               .tokens = edge.shown(),
                               .authors = edge.authors(),
                               .stats = generation.stats(),
                               .notes = generation.notes(),
                               .dials = edge.dials()});
      if (!edge.finished()) outcome.trouble += fmt::format("edge {} never finished; ", i);
      if (!edge.breach().empty()) outcome.trouble += fmt::format("edge {}: {}", i, edge.breach());
      std::vector<Token> text = scenario_.edges[i].config.prompt;
      text.insert(text.end(), edge.shown().begin(), edge.shown().end());
      if (text != generation.text())
        outcome.trouble += fmt::format("edge {} shows another text than it holds; ", i);
    }
    edges_.clear();
    for (const auto& draft : drafts_) {
      if (draft->open_sequences() != 0) outcome.trouble += "a sequence of a draft leaked; ";
    }
    for (const auto& cloud : clouds_) {
      cloud->CheckIdle();
      outcome.cloud += cloud->totals();
      outcome.trouble += cloud->trouble();
    }
  }

  const Scenario& scenario_;
  EventQueue queue_;
  std::vector<std::unique_ptr<SimCloud>> clouds_;
  std::vector<std::unique_ptr<FakeEngine>> drafts_;
  std::vector<std::unique_ptr<SimEdge>> edges_;
};

std::optional<std::string> JudgeCounts(const EdgeSetup& setup, const EdgeOutcome& edge) {
  const GenerationStats& s = edge.stats;
  const auto by = [&](Author author) {
    return static_cast<uint64_t>(std::count(edge.authors.begin(), edge.authors.end(), author));
  };
  const bool alone = setup.config.mode == Mode::kEdge;
  if (s.generated != edge.tokens.size())
    return fmt::format("generated {} of {}", s.generated, edge.tokens.size());
  if (s.sent != s.verified + s.stale)
    return fmt::format("sent {} verified {} stale {}", s.sent, s.verified, s.stale);
  if (s.accepted > s.verified) return fmt::format("accepted {} of {} verified", s.accepted, s.verified);
  // Where the cloud streams, its own tokens contradict drafts as well.
  const bool waits = setup.config.mode == Mode::kSync;
  if (waits && s.verified - s.accepted > s.rounds)
    return fmt::format("{} mismatches in {} rounds", s.verified - s.accepted, s.rounds);
  // An accepted end-of-generation token is no part of the text.
  if (by(Author::kDraft) > s.accepted || s.accepted > by(Author::kDraft) + 1) {
    return fmt::format("{} drafts shown, {} accepted", by(Author::kDraft), s.accepted);
  }
  if (by(Author::kEdge) != (alone ? s.generated : s.OfflineTokens()))
    return fmt::format("{} tokens by the edge", by(Author::kEdge));
  if (!alone && setup.config.mode != Mode::kCloud && s.network.size() != s.rounds) {
    return fmt::format("{} network times in {} rounds", s.network.size(), s.rounds);
  }
  if (alone && edge.dials != 0) return fmt::format("mode edge dialled {} times", edge.dials);
  if (s.finished < s.started || (s.first_token < s.started && s.generated > 0)) return "times out of order";
  return std::nullopt;
}

// As far as the cloud came, and what the draft model writes from there.
std::vector<Token> WrittenOn(const Scenario& scenario, const EdgeSetup& setup, size_t from) {
  std::vector<Token> text = WrittenAlone(scenario.cloud.target, setup.config);
  text.resize(std::min(text.size(), from));
  GenerationConfig rest = setup.config;
  rest.spans = {{0, static_cast<Pos>(rest.prompt.size())}};
  rest.prompt.insert(rest.prompt.end(), text.begin(), text.end());
  rest.max_tokens -= static_cast<int32_t>(text.size());
  const std::vector<Token> alone = WrittenAlone(setup.draft, rest);
  text.insert(text.end(), alone.begin(), alone.end());
  return text;
}

std::optional<std::string> JudgeEdge(const Scenario& scenario, size_t i, const EdgeOutcome& edge) {
  const EdgeSetup& setup = scenario.edges[i];
  if (edge.error) return fmt::format("fails: {}", edge.error->message);
  const bool alone = setup.config.mode == Mode::kEdge || edge.stats.offline_from;
  const FakeEngineConfig& model = alone ? setup.draft : scenario.cloud.target;
  const std::vector<Token> want = edge.stats.offline_from
                                      ? WrittenOn(scenario, setup, *edge.stats.offline_from)
                                      : WrittenAlone(model, setup.config);
  if (edge.tokens != want) return fmt::format("wrote {}, expected {}", edge.tokens, want);
  const bool full = static_cast<int32_t>(want.size()) == setup.config.max_tokens ||
                    static_cast<Pos>(setup.config.prompt.size() + want.size()) == model.context;
  if (edge.finish != (full ? Finish::kLength : Finish::kStop)) {
    return fmt::format("finished by {} after {} tokens", FinishName(edge.finish), want.size());
  }
  return JudgeCounts(setup, edge);
}

}  // namespace

bool Scenario::faultless() const {
  return restarts.empty() && failing_steps.empty() &&
         std::all_of(edges.begin(), edges.end(), [](const EdgeSetup& edge) {
           return std::all_of(edge.weather.begin(), edge.weather.end(), [](const Weather& w) {
             // A segment lost over and over is a silence that edges may give up on.
             return w.cut_at < 0 && w.shape.loss == 0 && !w.shape.cuts.Any();
           });
         });
}

Outcome Play(const Scenario& scenario) {
  return Stage(scenario).Run();
}

std::vector<Token> WrittenAlone(const FakeEngineConfig& model, const GenerationConfig& config) {
  FakeEngine engine(model);
  return ReferenceText(engine,
                       {config.prompt, config.max_tokens, config.sampling, config.end_tokens, config.spans});
}

std::optional<std::string> Judge(const Scenario& scenario, const Outcome& outcome) {
  if (!outcome.trouble.empty()) return outcome.trouble;
  GenerationStats sum;
  for (size_t i = 0; i < outcome.edges.size(); ++i) {
    const EdgeOutcome& edge = outcome.edges[i];
    if (const auto wrong = JudgeEdge(scenario, i, edge)) return fmt::format("edge {}: {}", i, *wrong);
    if (scenario.faultless() && edge.dials > 1) return fmt::format("edge {}: lost a link without fault", i);
    const std::optional<ModelCut>& cut = scenario.edges[i].config.cut;
    if (cut && cut->HeadAtEdge()) continue;  // a cloud of rows counts no drafts
    sum.verified += edge.stats.verified;
    sum.accepted += edge.stats.accepted;
    sum.stale += edge.stats.stale;
  }
  // A frame of a dead epoch that comes twice is dropped, and counted, twice.
  const bool repeats = std::any_of(scenario.edges.begin(), scenario.edges.end(), [](const EdgeSetup& edge) {
    return edge.weather.front().repeat_every > 0;
  });
  if (!scenario.faultless() || repeats) return std::nullopt;
  const ServiceStats& cloud = outcome.cloud;
  if (sum.verified != cloud.drafts_verified || sum.accepted != cloud.drafts_accepted ||
      sum.stale != cloud.drafts_stale) {
    return fmt::format("the edges count verified {} accepted {} stale {}, the cloud {} {} {}", sum.verified,
                       sum.accepted, sum.stale, cloud.drafts_verified, cloud.drafts_accepted,
                       cloud.drafts_stale);
  }
  return std::nullopt;
}

}  // namespace tandem::testing
