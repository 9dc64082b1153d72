// The rules, see judge.h. Indices count from 0 here: row i is the law of the block's draft i.
#include "sample/judge.h"

#include <algorithm>
#include <numeric>

#include "sample/race.h"

namespace tandem {
namespace {

double Probability(const Distribution& law, Token id) {
  for (const Candidate& c : law) {
    if (c.id == id) return c.p;
  }
  return 0.0;
}

// p(x) / q(x) of draft i, 0 where it could not have been drawn.
double Ratio(const Distribution& p, const DraftBlock& block, size_t i) {
  const double q = i < block.laws.size() ? block.laws[i].Share(block.ids[i]) : 0.0;
  return q > 0.0 ? Probability(p, block.ids[i]) / q : 0.0;
}

// max(0, scale p(x) - q(x)) for each candidate of p, in their order. Elsewhere it is 0.
std::vector<double> Excess(const Distribution& p, double scale, const DraftBlock& block, size_t i) {
  static const SparseDraft kNone;
  const SparseDraft& q = i < block.laws.size() ? block.laws[i] : kNone;
  std::vector<double> excess;
  excess.reserve(p.size());
  for (const Candidate& c : p) excess.push_back(std::max(0.0, scale * c.p - q.Share(c.id)));
  return excess;
}

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

DrawAddress At(const DraftBlock& block, size_t i, NoisePurpose purpose) {
  return {block.key, block.key.base + static_cast<Pos>(i), purpose};
}

Token PickFrom(const Distribution& p, const std::vector<double>& weights, const DrawAddress& at,
               Draws& draws) {
  return p.empty() ? kNoToken : p[draws.Pick(at, weights)].id;
}

Token Fresh(const Distribution& p, const DrawAddress& at, Draws& draws) {
  std::vector<double> weights;
  for (const Candidate& c : p) weights.push_back(c.p);
  return PickFrom(p, weights, at, draws);
}

Ruling AllStand(const DraftBlock& block, TargetLaws& target, Draws& draws) {
  const size_t g = block.ids.size();
  const Token bonus = block.bonus ? Fresh(target.At(g), At(block, g, NoisePurpose::kPick), draws) : kNoToken;
  return {static_cast<int32_t>(g), bonus};
}

// Draft i falls. Nothing in excess means that p and q are equal and it fell by rounding.
Ruling FallsAt(const DraftBlock& block, size_t i, double scale, TargetLaws& target, Draws& draws) {
  const Distribution& p = target.At(i);
  const std::vector<double> excess = Excess(p, scale, block, i);
  const DrawAddress at = At(block, i, NoisePurpose::kPick);
  const Token token = Sum(excess) > 0.0 ? PickFrom(p, excess, at, draws) : Fresh(p, at, draws);
  return {static_cast<int32_t>(i), token};
}

Ruling JudgeCoupled(const DraftBlock& block, TargetLaws& target) {
  for (size_t i = 0;; ++i) {
    if (i == block.ids.size() && !block.bonus) return {static_cast<int32_t>(i), kNoToken};
    const Pos position = block.key.base + static_cast<Pos>(i);
    const Token token = Race(target.At(i), {.seed = block.key.seed, .position = position});
    if (i < block.ids.size() && block.ids[i] == token) continue;
    return {static_cast<int32_t>(i), token};
  }
}

Ruling JudgeToken(const DraftBlock& block, TargetLaws& target, Draws& draws) {
  for (size_t i = 0; i < block.ids.size(); ++i) {
    const double ratio = Ratio(target.At(i), block, i);
    if (draws.Accept(At(block, i, NoisePurpose::kAccept), std::min(1.0, ratio))) continue;
    return FallsAt(block, i, 1.0, target, draws);
  }
  return AllStand(block, target, draws);
}

// h_i. Where P = 1 and nothing is in excess (p = q next), a longer prefix is certain to stand and this chance
// is never asked for: any number but 0 / 0 will do.
double PrefixChance(double joint, double excess) {
  return joint >= 1.0 ? 1.0 : excess / (excess + 1.0 - joint);
}

// The chances are independent, so asking from the longest prefix down finds the longest that is accepted.
Ruling JudgeBlock(const DraftBlock& block, TargetLaws& target, Draws& draws) {
  const size_t g = block.ids.size();
  std::vector<double> joint(g + 1, 1.0), chance(g + 1, 1.0);
  for (size_t i = 0; i < g; ++i) {
    const Distribution& p = target.At(i);
    if (i > 0) chance[i] = PrefixChance(joint[i], Sum(Excess(p, joint[i], block, i)));
    joint[i + 1] = std::min(1.0, joint[i] * Ratio(p, block, i));
  }
  chance[g] = joint[g];
  size_t stands = g;
  while (stands > 0 && !draws.Accept(At(block, stands - 1, NoisePurpose::kAccept), chance[stands])) --stands;
  return stands == g ? AllStand(block, target, draws) : FallsAt(block, stands, joint[stands], target, draws);
}

}  // namespace

Ruling Judge(Rule rule, const DraftBlock& block, TargetLaws& target, Draws& draws) {
  switch (rule) {
    case Rule::kToken:
      return JudgeToken(block, target, draws);
    case Rule::kBlock:
      return JudgeBlock(block, target, draws);
    case Rule::kCoupled:
      break;
  }
  return JudgeCoupled(block, target);
}

WarpedLaws::WarpedLaws(Warper& warper, std::span<const Token> text, std::span<const Token> drafted,
                       Logits logits)
    : warper_(warper), text_(text.begin(), text.end()), base_(text.size()), logits_(std::move(logits)) {
  text_.insert(text_.end(), drafted.begin(), drafted.end());
}

const Distribution& WarpedLaws::At(size_t row) {
  return warper_.Warp(logits_(row), std::span(text_).first(base_ + row));
}

}  // namespace tandem
