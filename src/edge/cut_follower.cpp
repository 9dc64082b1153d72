// See cut_follower.h.
#include "edge/cut_follower.h"

#include <algorithm>

#include "decode/prefill.h"

namespace tandem {

namespace {

constexpr double kLearn = 0.25;      // weight of what was seen last
constexpr double kLeastSeenUs = 20;  // steps that are shorter say nothing of a machine
constexpr double kPays = 2;          // what is saved over what moving takes
constexpr double kLeastGain = 0.05;  // of a token's cost: below it is noise

void Blend(std::optional<double>& level, double seen) {
  level = level ? *level + kLearn * (seen - *level) : seen;
}

const CodecAtCut* Find(const PlannedCut* cut, const std::string& codec) {
  if (cut == nullptr) return nullptr;
  const auto found = std::find_if(cut->codecs.begin(), cut->codecs.end(),
                                  [&](const CodecAtCut& c) { return c.codec == codec; });
  return found == cut->codecs.end() ? nullptr : &*found;
}

std::optional<CutOption> FindIn(const std::vector<CutOption>& options, int begin, const std::string& codec) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const CutOption& option) {
    return option.begin == begin && option.codec == codec;
  });
  return found == options.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

const PlannedCut* CutFollower::Here() const {
  const auto found = std::find_if(following_.plan.cuts.begin(), following_.plan.cuts.end(),
                                  [&](const PlannedCut& c) { return c.times.begin == following_.begin; });
  return found == following_.plan.cuts.end() ? nullptr : &*found;
}

void CutFollower::LearnHere(const CutFacts& facts, const PlannedCut& here, const CodecAtCut& codec) {
  const int rows = std::min<int>(facts.front_rows, kBulkRows);
  const double planned = rows > 0 ? StepUs(here.times.edge, rows) : 0;
  if (planned > kLeastSeenUs) {
    Blend(edge_, std::max(0.0, facts.front_us - rows * codec.cost.encode_us) / planned);
    edge_at_best_ = std::min(edge_at_best_.value_or(following_.timed ? 1 : *edge_), *edge_);
    seen_at_ = facts.tokens;
  } else if (edge_ && facts.tokens >= seen_at_ + kForgets) {
    edge_ = edge_at_best_;
  }
}

void CutFollower::Learn(const CutFacts& facts) {
  const PlannedCut* here = Here();
  const CodecAtCut* codec = Find(here, following_.codec);
  if (codec == nullptr) return;
  LearnHere(facts, *here, *codec);
  if (facts.cloud_row_us > 0 && here->times.cloud.row_us > kLeastSeenUs)
    Blend(cloud_, facts.cloud_row_us / here->times.cloud.row_us);
  const double away_us = std::max(0.0, facts.away_us - facts.front_us);
  if (facts.sessions != session_) near_us_ = 0;
  session_ = facts.sessions;
  if (away_us > 0) near_us_ = near_us_ == 0 ? away_us : std::min(near_us_, away_us);
}

// What a round trip has grown by since its session was young is put down to the line: if it was not the line,
// the next session's prompt says so.
LinkTimes CutFollower::LinkOf(const CutFacts& facts) const {
  LinkTimes link{.rtt_us = near_us_, .up_bytes_per_us = facts.up_bytes_per_us};
  const CodecAtCut* codec = Find(Here(), following_.codec);
  if (codec == nullptr || codec->cost.row_bytes <= 0 || near_us_ == 0) return link;
  double each_us = link.up_bytes_per_us > 0 ? 1 / link.up_bytes_per_us : 0;
  link.rtt_us = std::max(0.0, near_us_ - codec->cost.row_bytes * each_us);  // its row was on the line
  const double grown = std::max(0.0, facts.away_us - facts.front_us - near_us_);
  if (grown < near_us_ / 2) return link;
  each_us += grown / codec->cost.row_bytes;
  link.up_bytes_per_us = 1 / each_us;
  return link;
}

double CutFollower::MoveUs(const CutPlan& plan, const CutOption& to, const CutFacts& facts) const {
  const CutTerms terms{.link = LinkOf(facts), .text = {.prompt = facts.length, .tokens = 1}};
  const auto option = FindIn(RankCuts(plan, terms), to.begin, to.codec);
  return (option ? option->times.first_us : 0) + facts.load_us;
}

std::optional<CutOption> CutFollower::Next(const CutFacts& facts) {
  Learn(facts);
  if (facts.tokens < moved_at_ + kLeastTokens) return std::nullopt;
  if (!following_.timed && (!edge_ || !cloud_)) return std::nullopt;
  const auto left = static_cast<double>(following_.max_tokens) - static_cast<double>(facts.tokens);
  if (left < 1) return std::nullopt;
  const CutPlan plan = Scaled(following_.plan, edge_.value_or(1), cloud_.value_or(1));
  const CutTerms terms{.link = LinkOf(facts),
                       .text = {.prompt = 1, .tokens = static_cast<int>(left)},
                       .max_dppl = following_.max_dppl,
                       .edge_weight = weight_ ? weight_() : 0};
  auto best = BestCut(plan, terms);
  if (!best || (best->begin == following_.begin && best->codec == following_.codec)) return std::nullopt;
  if (const auto now = FindIn(RankCuts(plan, terms), following_.begin, following_.codec)) {
    const double saved = now->cost_us - best->cost_us;
    if (saved < kLeastGain * now->cost_us || saved * left < kPays * MoveUs(plan, *best, facts))
      return std::nullopt;
  }
  following_.begin = best->begin;
  following_.codec = best->codec;
  moved_at_ = facts.tokens;
  return best;
}

}  // namespace tandem
