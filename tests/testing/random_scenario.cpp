// The dice of scenario.h: every choice a function of the scenario's seed.
#include <algorithm>
#include <random>

#include "testing/scenario.h"

namespace tandem::testing {
namespace {

constexpr int kVocab = 48;
constexpr Token kEnd = 7;
constexpr uint64_t kTargetSalt = 11;
constexpr int kMostKept = 3;

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }
  template <class T>
  T OneOf(std::initializer_list<T> choices) {
    return *(choices.begin() + Between(0, static_cast<int64_t>(choices.size()) - 1));
  }
  Micros Ms(int64_t low, int64_t high) { return Micros(Between(low * 1000, high * 1000)); }
  uint64_t Word() { return random_(); }

 private:
  std::mt19937_64 random_;
};

SamplingParams RandomSampling(Dice& dice) {
  SamplingParams sampling{.seed = dice.Word()};
  sampling.temperature = dice.OneOf({0.0f, 0.7f, 1.0f});
  sampling.top_k = dice.OneOf({0, 5, 40});
  sampling.repeat_penalty = dice.OneOf({1.0f, 1.0f, 1.3f});
  sampling.repeat_last_n = dice.OneOf({4, 64});
  return sampling;
}

FakeEngineConfig RandomDraft(Dice& dice, const FakeEngineConfig& target) {
  FakeEngineConfig draft = target;
  draft.max_rows = dice.OneOf({64, 100, 512});
  draft.max_sequences = 1;
  switch (dice.Between(0, 3)) {
    case 0:
      break;  // the target itself
    case 1:
      draft.salt = 99;  // unrelated
      break;
    default:
      draft.salt = 99;
      draft.follows = target.salt;
      draft.agreement = static_cast<double>(dice.Between(20, 98)) / 100.0;
  }
  return draft;
}

Weather RandomWeather(Dice& dice, bool first) {
  Weather weather{.shape = {.rtt = dice.Ms(0, 120), .jitter = dice.OneOf({Micros{0}, Micros{30'000}})}};
  weather.shape.loss = dice.OneOf({0.0, 0.0, 0.005, 0.01});
  weather.shape.seed = dice.Word();
  if (dice.Chance(20)) weather.shape.cuts = {.every = dice.Ms(600, 2'000), .length = dice.Ms(50, 250)};
  if (dice.Chance(30)) {
    weather.shape.rates = {.down_bps = dice.OneOf({1e5, 1e7}), .up_bps = dice.OneOf({3e4, 1e6})};
  }
  if (dice.Chance(25)) weather.repeat_every = static_cast<int>(dice.Between(1, 9));
  if (!dice.Chance(50)) return weather;
  weather.cut_at = static_cast<int>(dice.Between(0, 40));
  weather.spared = first ? 2 : 0;  // Welcome and Opened: a first connection that fails ends the run
  weather.cut = dice.OneOf({Cut::kReset, Cut::kReset, Cut::kHalfOpen, Cut::kUpLost, Cut::kDownLost});
  weather.idle_timeout = dice.Ms(500, 6'000);
  weather.edge_is_told = dice.Chance(50);
  return weather;
}

EdgeSetup RandomEdge(Dice& dice, const CloudSetup& cloud, bool stormy) {
  EdgeSetup edge;
  GenerationConfig& config = edge.config;
  config.mode = dice.OneOf({Mode::kSync, Mode::kSpeculate, Mode::kSpeculate, Mode::kAuto, Mode::kAuto,
                            Mode::kCloud, Mode::kEdge, Mode::kSplit, Mode::kSplit});
  const int64_t longest = std::min<int64_t>(200, cloud.target.context - 1);
  config.prompt.resize(static_cast<size_t>(dice.Chance(70) ? dice.Between(1, std::min<int64_t>(20, longest))
                                                           : dice.Between(1, longest)));
  for (Token& id : config.prompt) id = static_cast<Token>(dice.Between(0, kVocab - 1));
  config.max_tokens = static_cast<int32_t>(dice.Between(1, 60));
  config.sampling = RandomSampling(dice);
  config.draft_length = static_cast<int32_t>(dice.Between(1, 12));
  config.window = static_cast<int32_t>(dice.OneOf<int64_t>({0, 0, 1, dice.Between(1, 40)}));
  if (dice.Chance(70)) config.end_tokens = {kEnd};
  config.vocab = cloud.service.vocab;
  config.reply_timeout = dice.Ms(1'500, 4'000);
  config.open_timeout = dice.Ms(15'000, 20'000);
  config.retry_for = Micros{120'000'000};
  if (config.mode == Mode::kSplit) {
    config.cut = {.begin = static_cast<int32_t>(dice.Between(0, cloud.layers - 1)),
                  .end = cloud.layers,
                  .codec = dice.OneOf({"f32", "f16"})};
    if (dice.Chance(50)) {
      config.cut->begin = static_cast<int32_t>(dice.Between(0, cloud.layers - 2));
      config.cut->end = static_cast<int32_t>(dice.Between(config.cut->begin + 1, cloud.layers - 1));
      config.cut->codec_back = dice.OneOf({"f32", "f16"});
    } else {
      config.sampling.repeat_penalty = 1.0f;  // penalties do not see a prompt that the cloud is not told
    }
    edge.looks_ahead = dice.Chance(70);
  }
  edge.draft = RandomDraft(dice, cloud.target);
  const Pos prompt = static_cast<Pos>(config.prompt.size());
  if (dice.Chance(20)) edge.draft.context = prompt + static_cast<Pos>(dice.Between(1, 30));
  edge.starts = dice.Ms(0, 300);
  edge.draft_cost = dice.Ms(0, 8);
  const int64_t connections = stormy ? dice.Between(1, 5) : 1;
  for (int64_t i = 0; i < connections; ++i) edge.weather.push_back(RandomWeather(dice, i == 0));
  if (!stormy) edge.weather.front().cut_at = -1;
  const auto lossy = [](const Weather& weather) { return weather.shape.loss > 0; };
  // A frame lost three times in a row is no silent cloud.
  if (std::any_of(edge.weather.begin(), edge.weather.end(), lossy)) config.reply_timeout += Micros{2'500'000};
  return edge;
}

// All prompts begin as the first one does, as far as they go.
void BeginAlike(Scenario& scenario) {
  const std::vector<Token>& first = scenario.edges.front().config.prompt;
  for (EdgeSetup& edge : scenario.edges) {
    std::vector<Token>& prompt = edge.config.prompt;
    std::copy_n(first.begin(), std::min(first.size(), prompt.size()), prompt.begin());
  }
}

// One edge in five has no model: it looks its drafts up in the text.
void TakeModelsAway(Scenario& scenario) {
  Dice dice(~scenario.seed);
  for (EdgeSetup& edge : scenario.edges) {
    const Mode mode = edge.config.mode;
    edge.config.ngrams = dice.Chance(20) && mode != Mode::kEdge && (mode != Mode::kSplit || edge.looks_ahead);
  }
}

// Rows that compete for bits, at one cut in three that no draft looks across. int8 keeps a fake model's ids.
void LetRowsCompete(Scenario& scenario) {
  Dice dice(scenario.seed ^ 0xc0dec);
  for (EdgeSetup& edge : scenario.edges) {
    const bool may = edge.config.mode == Mode::kSplit && !edge.looks_ahead && edge.config.cut->begin > 0;
    if (!may || !dice.Chance(33)) continue;
    edge.config.cut->codec = dice.OneOf({"mix:int8:f32:0.5", "mix:int8:f16:0.9/zstd", "mix:int8:f32:1"});
    edge.importance =
        dice.OneOf({"regular_importance", "last_row", "maximum aggregation", "random", "upto ratio"});
  }
}

// Scales that both sides know beforehand because the edge has told them, at one cut in ten. All ids keep.
void Calibrate(Scenario& scenario) {
  Dice dice(scenario.seed ^ 0xca11b);
  const RowCalibration ids{.channels = {{0, kVocab}}, .mean_magnitudes = {kVocab / 2}, .sink_threshold = 40};
  for (EdgeSetup& edge : scenario.edges) {
    if (edge.config.mode != Mode::kSplit || !dice.Chance(10)) continue;
    const bool mixed = !edge.importance.empty();
    edge.config.cut->codec =
        mixed ? "mix:int8:f32:0.5/channel" : dice.OneOf({"int8/channel", "int8/channel/sink"});
    edge.config.cut->calibration = ids;
    if (!edge.config.cut->HeadAtEdge()) continue;
    edge.config.cut->codec_back = "int8/channel/asym/sink";
    edge.config.cut->calibration_back = ids;
  }
}

}  // namespace

Scenario RandomScenario(uint64_t seed) {
  Dice dice(seed);
  Scenario scenario{.seed = seed};
  const int count = dice.Chance(80) ? 1 : 8;
  const bool stormy = dice.Chance(60);
  scenario.replicas = dice.OneOf({1, 1, 2, 3});
  CloudSetup& cloud = scenario.cloud;
  cloud.target = {.vocab_size = kVocab,
                  .context = dice.OneOf<Pos>({24, 100, 512, 512}),
                  .max_sequences = count + kMostKept,
                  .max_rows = dice.OneOf({64, 130, 512}),
                  .salt = kTargetSalt,
                  .end_token = kEnd,
                  .end_every = dice.OneOf({20, 200})};
  cloud.service = {.software = "simulation",
                   .vocab = {.size = kVocab, .digest = Digest{1}},
                   .max_sessions = count,
                   .max_draft = dice.OneOf({2, 8, 64}),
                   .prefix_cache = dice.OneOf({0, 1, kMostKept}),
                   .prefill_rows = dice.OneOf({64, 512})};
  cloud.layers = 4;
  cloud.step_cost = dice.Ms(0, 40);
  for (int i = 0; i < count; ++i) {
    scenario.edges.push_back(RandomEdge(dice, cloud, stormy));
    scenario.edges.back().config.clouds = scenario.replicas;
  }
  if (dice.Chance(50)) BeginAlike(scenario);
  TakeModelsAway(scenario);
  LetRowsCompete(scenario);
  Calibrate(scenario);
  if (!stormy) return scenario;
  // Not before every edge has had its first session.
  for (int64_t left = dice.Between(0, 2); left > 0; --left) {
    const auto replica = static_cast<int>(dice.Between(0, scenario.replicas - 1));
    scenario.restarts.push_back({replica, dice.Ms(3'000, 6'000), dice.Ms(10, 3'000)});
  }
  for (int64_t left = dice.Between(0, 1); left > 0; --left)
    scenario.failing_steps.push_back(dice.Ms(3'000, 6'000));
  return scenario;
}

}  // namespace tandem::testing
