// See split_model.h.
#include "cli/split_model.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"
#include "cli/battery.h"
#include "cli/cut_plan_file.h"
#include "cli/layer_ranges.h"
#include "cli/model_path.h"
#include "cli/rows_cost.h"
#include "edge/cut_schedule.h"
#include "model/model_facts.h"

namespace tandem {

namespace {

bool LooksUp(const Arguments& arguments) {
  return arguments.Text("drafter") == "ngram";
}

bool IsAuto(const Arguments& arguments) {
  return arguments.Text("split") == "auto";
}

Result<SplitPlan> NamedSplit(const Arguments& arguments) {
  const auto away = ParseSplit(arguments.Text("split"));
  if (!away) return Forward(away);
  if (arguments.Given("codec-back") && !away->end)
    return Fail(ErrorCode::kUsage, "--codec-back needs --split A:B: with --split {} no rows come back",
                away->begin);
  const std::string codec = arguments.Text("codec");
  return SplitPlan{.begin = away->begin,
                   .end = away->end,
                   .codec = codec,
                   .codec_back = arguments.Given("codec-back") ? arguments.Text("codec-back") : codec,
                   .importance = arguments.Text("importance")};
}

// --recut, in order.
Result<std::vector<CutChange>> Changes(const Arguments& arguments, const std::string& part,
                                       const SplitPlan& first) {
  if (arguments.Given("recut") && first.end)
    return Fail(ErrorCode::kUsage, "--recut moves where the cloud begins, and --split {}:{} has two ends",
                first.begin, *first.end);
  std::vector<CutChange> changes;
  for (const std::string& text : arguments.Texts("recut")) {
    const auto change = ParseRecut(text);
    if (!change) return Forward(change);
    if (!changes.empty() && change->after <= changes.back().after)
      return Fail(ErrorCode::kUsage, "--recut {} comes after {} tokens, the one before it after {}", text,
                  change->after, changes.back().after);
    SplitPlan then = first;
    then.begin = change->begin;
    if (Status s = CheckEdgeSplit(part, then); !s) return Forward(s);
    changes.push_back(*change);
  }
  return changes;
}

// Where to begin, and what says where to go on.
struct Placed {
  SplitPlan first;
  CutRule rule{};  // empty: the cut stays
};

Result<Placed> AsNamed(const Arguments& arguments, const std::string& part) {
  for (const char* other : {"plan", "battery"}) {
    if (arguments.Given(other)) return Fail(ErrorCode::kUsage, "--{} goes with --split auto alone", other);
  }
  auto first = NamedSplit(arguments);
  if (!first) return Forward(first);
  auto changes = Changes(arguments, part, *first);
  if (!changes) return Forward(changes);
  Placed placed{std::move(*first)};
  if (changes->empty()) return placed;
  placed.rule = [schedule = CutSchedule(std::move(*changes)),
                 plan = placed.first](const CutFacts& facts) mutable -> std::optional<SplitPlan> {
    const auto begin = schedule.Next(facts.tokens);
    if (!begin) return std::nullopt;
    plan.begin = *begin;
    return plan;
  };
  return placed;
}

Result<EdgeWeight> WeightOf(const Arguments& arguments) {
  const auto word = ParseBattery(arguments.Text("battery"));
  if (!word) return Forward(word);
  if (!word->automatic) return EdgeWeight([weight = EdgeWeightOf(word->level)] { return weight; });
  return EdgeWeight([] { return EdgeWeightOf(BatteryLevel()); });
}

bool LooksAhead(const Arguments& arguments) {
  return arguments.Given("model") || LooksUp(arguments);
}

// Those that --codec names, if it is given, and with look-ahead those that code rows one by one.
Status KeepCodecs(const Arguments& arguments, CutPlan& plan) {
  std::string named;
  if (arguments.Given("codec")) {
    const auto spec = ParseRowCodec(arguments.Text("codec"));
    if (!spec) return Forward(spec);
    named = Name(*spec);
  }
  const auto out = [&](const CodecAtCut& codec) {
    const auto spec = ParseRowCodec(codec.codec);  // which reading the plan has checked
    return !spec || (!named.empty() && Name(*spec) != named) || (LooksAhead(arguments) && !IsRowLocal(*spec));
  };
  for (PlannedCut& cut : plan.cuts) std::erase_if(cut.codecs, out);
  return {};
}

// What is known before the first token: a plan that was measured, or one that is guessed from the model's
// shape.
Result<CutFollowing> FollowMeasured(const Arguments& arguments, const ModelFacts& facts, CutTerms& terms) {
  const std::string path = arguments.Text("plan");
  auto kept = ReadKeptPlan(path);
  if (!kept) return Forward(kept);
  if (kept->identity != Hex(facts.identity))
    return Fail(ErrorCode::kModel, "{} is a plan for model {}, the part here is of {}", path,
                kept->identity.substr(0, 12), Hex(facts.identity).substr(0, 12));
  if (kept->plan.layers != facts.layers)
    return Fail(ErrorCode::kModel, "{} is a plan for {} layers, the model has {}", path, kept->plan.layers,
                facts.layers);
  if (Status status = KeepCodecs(arguments, kept->plan); !status) return Forward(status);
  terms = kept->terms;
  CutFollowing following;
  following.plan = std::move(kept->plan);
  following.timed = true;
  following.max_dppl = terms.max_dppl;
  return following;
}

Result<CutFollowing> FollowGuessed(const Arguments& arguments, const ModelFacts& facts) {
  const auto spec = ParseRowCodec(arguments.Text("codec"));
  if (!spec) return Forward(spec);
  // Its importances and calibrations are not to be had at every cut.
  if (spec->mix != RowMix::kNone || spec->span == ScaleSpan::kChannel)
    return Fail(ErrorCode::kUsage, "codec {} is for a cut that stays, not for --split auto", Name(*spec));
  const auto codec = RowCodec::Make(*spec, static_cast<size_t>(facts.width));
  if (!codec) return Forward(codec);
  const auto cost = MeasureRowsCost(*codec);
  if (!cost) return Forward(cost);
  CutFollowing following;
  following.plan =
      GuessedPlan({facts.layers, facts.layer_values, facts.head_values}, {Name(*spec), *cost, 0});
  return following;
}

// The plan's best where there is one; else one layer, so that the edge is seen at work.
Status ChooseFirstCut(const CutTerms& terms, CutFollowing& following) {
  if (!following.timed) {
    const PlannedCut& cut = following.plan.cuts[std::min<size_t>(1, following.plan.cuts.size() - 1)];
    following.begin = cut.times.begin;
    following.codec = cut.codecs.front().codec;
    return {};
  }
  const auto best = BestCut(following.plan, terms);
  if (!best)
    return Fail(ErrorCode::kUsage,
                "no cut and codec of the plan that the part here and --codec permit stays "
                "within +{:g} % perplexity",
                100 * terms.max_dppl);
  following.begin = best->begin;
  following.codec = best->codec;
  return {};
}

Result<Placed> Automatic(const Arguments& arguments, const std::string& part) {
  if (arguments.verb().bit != kVerbRun)
    return Fail(ErrorCode::kUsage,
                "--split auto goes with tandem run alone: its text has one session after "
                "another");
  for (const char* other : {"recut", "codec-back", "importance"}) {
    if (arguments.Given(other)) return Fail(ErrorCode::kUsage, "--{} does not go with --split auto", other);
  }
  const auto facts = FactsOf(part);
  if (!facts) return Forward(facts);
  const auto weight = WeightOf(arguments);
  if (!weight) return Forward(weight);
  CutTerms terms;
  auto following =
      arguments.Given("plan") ? FollowMeasured(arguments, *facts, terms) : FollowGuessed(arguments, *facts);
  if (!following) return Forward(following);
  following->plan = Within(std::move(following->plan), facts->first_layers);
  following->max_tokens = static_cast<int32_t>(arguments.Integer("predict"));
  terms.edge_weight = (*weight)();
  if (Status s = ChooseFirstCut(terms, *following); !s) return Forward(s);
  Placed placed{{.begin = following->begin, .codec = following->codec}};
  placed.rule = [follower = CutFollower(std::move(*following), *weight),
                 plan = placed.first](const CutFacts& seen) mutable -> std::optional<SplitPlan> {
    const auto moved = follower.Next(seen);
    if (!moved) return std::nullopt;
    plan.begin = moved->begin;
    plan.codec = moved->codec;
    return plan;
  };
  return placed;
}

// --model drafts, where it is named.
Status LoadLookAhead(const Arguments& arguments, const std::string& part, const LoadEngineOptions& options,
                     EdgeModel& edge) {
  if (!arguments.Given("model") || LooksUp(arguments)) return {};
  const auto path = FindModel(arguments.Text("model"));
  if (!path) return Forward(path);
  auto draft = LoadEdgeModel(*path, Mode::kSpeculate, options);
  if (!draft) return Forward(draft);
  if (draft->vocab->identity() != edge.vocab->identity())
    return Fail(ErrorCode::kModel, "the vocabularies of {} and {} differ", *path, part);
  edge.draft = std::move(draft->draft);
  return {};
}

}  // namespace

Result<EdgeModel> LoadSplitModel(const Arguments& arguments, const LoadEngineOptions& options) {
  for (const char* needed : {"split", "part"}) {
    if (!arguments.Given(needed)) return Fail(ErrorCode::kUsage, "--mode split needs --{}", needed);
  }
  const auto part = FindModel(arguments.Text("part"));
  if (!part) return Forward(part);
  auto placed = IsAuto(arguments) ? Automatic(arguments, *part) : AsNamed(arguments, *part);
  if (!placed) return Forward(placed);
  auto edge = LoadEdgeModel(*part, Mode::kCloud, options);
  if (!edge) return Forward(edge);
  const SteadyClock clock;
  const Micros begun = clock.Now();
  auto split = LoadEdgeSplit(*part, placed->first, options);
  if (!split) return Forward(split);
  edge->split = std::move(*split);
  if (placed->rule) edge->moving.emplace(*part, options, clock.Now() - begun, std::move(placed->rule));
  if (Status s = LoadLookAhead(arguments, *part, options, *edge); !s) return Forward(s);
  return edge;
}

}  // namespace tandem
