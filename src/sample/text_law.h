// For tests: small worlds of a target and a draft whose laws depend on the whole text before, the law of the
// text that a process emits in such a world, and its distance from the target's.
#pragma once

#include <cmath>
#include <map>
#include <memory>

#include "sample/enumeration.h"
#include "sample/judge.h"
#include "sample/quantise.h"

namespace tandem {

using Text = std::vector<Token>;

// How target and draft relate at a text.
enum class Relation { kFree, kTargetZeros, kDraftZeros, kEqual, kDisjoint, kTargetSure, kDraftSure, kMixed };

inline Distribution LawOf(const std::vector<double>& weights) {
  double sum = 0.0;
  for (const double weight : weights) sum += weight;
  Distribution law;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0.0) {
      law.push_back({static_cast<Token>(i), std::log(weights[i]), weights[i] / sum});
    }
  }
  return law;
}

inline double ProbabilityIn(const Distribution& law, Token id) {
  for (const Candidate& c : law) {
    if (c.id == id) return c.p;
  }
  return 0.0;
}

// Laws are tables made up from (seed, text) on first sight. kMixed takes another relation at each text.
class World {
 public:
  World(int32_t vocab, uint64_t seed, Relation relation)
      : grid_{.vocab = vocab, .max_ids = vocab, .lattice = 12}, seed_(seed), relation_(relation) {}

  int32_t vocab() const { return grid_.vocab; }
  const DraftGrid& grid() const { return grid_; }
  const Distribution& Target(const Text& text) { return At(text).target; }
  const Distribution& Dense(const Text& text) { return At(text).dense; }  // the draft before quantising
  const SparseDraft& Draft(const Text& text) { return At(text).draft; }

 private:
  struct Laws {
    Distribution target, dense;
    SparseDraft draft;
  };

  double Number(uint64_t hash, Pos which, Token id) const {
    return UniformNoise({.seed = hash, .position = which}, id);
  }

  Relation RelationAt(uint64_t hash) const {
    if (relation_ != Relation::kMixed) return relation_;
    const double u = Number(hash, 9, 0);
    return static_cast<Relation>(static_cast<int>(u * static_cast<int>(Relation::kMixed)));
  }

  // Some weights, their logarithms spread over three; only those of `id % step == phase` unless step is 0.
  Distribution Some(uint64_t hash, Pos which, int step, int phase) const {
    std::vector<double> weights;
    for (Token id = 0; id < grid_.vocab; ++id) {
      const bool kept = step == 0 || id % step == phase;
      weights.push_back(kept ? std::exp(3.0 * Number(hash, which, id)) : 0.0);
    }
    return LawOf(weights);
  }

  Distribution Sure(uint64_t hash, Pos which) const {
    return {{static_cast<Token>(Number(hash, which, 77) * grid_.vocab), 0.0, 1.0}};
  }

  const Laws& At(const Text& text) {
    const auto [place, fresh] = laws_.try_emplace(text);
    Laws& laws = place->second;
    if (!fresh) return laws;
    uint64_t hash = seed_;
    for (const Token id : text) hash = hash * 6364136223846793005u + static_cast<uint64_t>(id) + 1;
    const Relation relation = RelationAt(hash);
    const bool apart = relation == Relation::kDisjoint;
    const int phase = Number(hash, 8, 0) < 0.5 ? 0 : 1;
    laws.target = relation == Relation::kTargetSure
                      ? Sure(hash, 1)
                      : Some(hash, 1, apart || relation == Relation::kTargetZeros ? 2 : 0, phase);
    laws.dense = relation == Relation::kDraftSure
                     ? Sure(hash, 2)
                     : Some(hash, 2, apart || relation == Relation::kDraftZeros ? 2 : 0, 1 - phase);
    laws.draft = Quantise(laws.dense, grid_);
    if (relation == Relation::kEqual) laws.target = FromShares(laws.draft);
    return laws;
  }

  static Distribution FromShares(const SparseDraft& draft) {
    Distribution law;
    for (const Token id : draft.ids) law.push_back({id, std::log(draft.Share(id)), draft.Share(id)});
    return law;
  }

  DraftGrid grid_;
  uint64_t seed_;
  Relation relation_;
  std::map<Text, Laws> laws_;
};

// The target's laws along a block.
class WorldLaws final : public TargetLaws {
 public:
  WorldLaws(World& world, Text text, std::span<const Token> drafted)
      : world_(world), base_(text.size()), text_(std::move(text)) {
    text_.insert(text_.end(), drafted.begin(), drafted.end());
  }
  const Distribution& At(size_t row) override {
    return world_.Target(Text(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(base_ + row)));
  }

 private:
  World& world_;
  size_t base_;
  Text text_;
};

// A process's emitted texts, each with the chance that it ends there.
using TextLaw = std::map<Text, double>;

// What `process` appends to each text of `before`, enumerated. process(text, draws) must be the same function
// of text and draws every time; texts merge, so numbers drawn before are independent of those drawn here.
// `walked`, unless null, is added to.
struct Walked {
  uint64_t paths = 0, reused = 0;  // as in Enumeration
};
template <class F>
TextLaw Extend(const TextLaw& before, F process, Walked* walked = nullptr) {
  TextLaw after;
  for (const auto& [start, mass] : before) {
    Enumeration draws;
    draws.ForEach([&, &begin = start, &chance = mass] {
      Text text = begin;
      process(text, draws);
      after[text] += chance * draws.weight();
    });
    if (walked == nullptr) continue;
    walked->paths += draws.paths();
    walked->reused += draws.reused();
  }
  return after;
}

// Total variation between the target's law of texts and that of texts which follow `law` to where it ends and
// the target from there on: the distance of the process from the target, at any length. Walks the texts that
// `law` reaches: beyond them both sides go on alike, so the masses there compare the whole rest.
inline double DistanceFromTarget(World& world, const TextLaw& law) {
  std::map<Text, double> passing;  // mass of the texts that go on beyond this one
  for (const auto& [text, mass] : law) {
    for (size_t n = 0; n < text.size(); ++n) {
      passing[Text(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n))] += mass;
    }
  }
  struct Visit {
    Text text;
    double ours, targets;
  };
  double distance = 0.0;
  std::vector<Visit> open{{{}, 0.0, 1.0}};  // ours: mass that ended before and came here by the target's law
  while (!open.empty()) {
    const Visit at = open.back();
    open.pop_back();
    const auto ends = law.find(at.text);
    const double free = at.ours + (ends == law.end() ? 0.0 : ends->second);
    if (passing.find(at.text) == passing.end()) {
      distance += std::abs(free - at.targets);
      continue;
    }
    for (Token id = 0; id < world.vocab(); ++id) {
      const double p = ProbabilityIn(world.Target(at.text), id);
      Text next = at.text;
      next.push_back(id);
      open.push_back({std::move(next), free * p, at.targets * p});
    }
  }
  return distance / 2;
}

}  // namespace tandem
