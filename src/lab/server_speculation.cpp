// See server_speculation.h.
#include "lab/server_speculation.h"

#include <algorithm>

#include "base/philox.h"
#include "lab/step_curve.h"

namespace tandem {

namespace {

// Whether a draft stands: one draw for each (text, round, place in the block).
class Coin {
 public:
  Coin(double chance, uint64_t seed)
      : chance_(chance), key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}

  bool Stands(uint32_t text, uint32_t round, uint32_t place) const {
    return Philox4x32({text, round, place, 0}, key_)[0] * 0x1p-32 < chance_;
  }

 private:
  double chance_;
  PhiloxKey key_;
};

struct Text {
  uint32_t id = 0;
  int32_t left = 0;  // tokens
};

// Sums of a whole run.
struct Sums {
  Micros now{0}, finished{0};  // finished: of all texts, added up
  uint64_t judged = 0, stood = 0;
};

// Drafts that stand before the first that does not.
int32_t Judge(const Coin& coin, uint32_t text, uint32_t round, int32_t k, Sums& sums) {
  int32_t stood = 0;
  while (stood < k && coin.Stands(text, round, static_cast<uint32_t>(stood))) ++stood;
  sums.judged += static_cast<uint64_t>(std::min(stood + 1, k));
  sums.stood += static_cast<uint64_t>(stood);
  return stood;
}

Micros RoundCost(const ServerSpeculation& load, size_t texts) {
  const auto k = static_cast<size_t>(load.draft_length);
  const Micros drafting = k == 0 ? Micros{0} : StepCost(load.draft_costs, texts) * load.draft_length;
  return drafting + StepCost(load.step_costs, texts * (k + 1));
}

}  // namespace

SimulatedFigures Simulate(const ServerSpeculation& load) {
  const Coin coin(load.acceptance, load.seed);
  std::vector<Text> texts;
  for (int i = 0; i < load.clients; ++i) texts.push_back({static_cast<uint32_t>(i), load.tokens});
  Sums sums;
  for (uint32_t round = 0; !texts.empty(); ++round) {
    sums.now += RoundCost(load, texts.size());
    for (Text& text : texts) {
      text.left -= Judge(coin, text.id, round, load.draft_length, sums) + 1;
      if (text.left <= 0) sums.finished += sums.now;
    }
    std::erase_if(texts, [](const Text& text) { return text.left <= 0; });
  }
  const double tokens = static_cast<double>(load.tokens) * load.clients;
  SimulatedFigures figures;
  figures.ms_per_token = ToMs(sums.finished) / tokens;
  figures.tokens_per_second = tokens * 1000 / ToMs(sums.now);
  figures.server_us_per_token = ToMs(sums.now) * 1000 / tokens;
  if (sums.judged > 0)
    figures.acceptance = static_cast<double>(sums.stood) / static_cast<double>(sums.judged);
  return figures;
}

int32_t BestDraftLength(ServerSpeculation load, std::span<const int32_t> lengths) {
  int32_t best = 0;
  double most = 0;
  for (const int32_t k : lengths) {
    load.draft_length = k;
    const double speed = Simulate(load).tokens_per_second;
    if (speed > most) most = speed, best = k;
  }
  return best;
}

}  // namespace tandem
