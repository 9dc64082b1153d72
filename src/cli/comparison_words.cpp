// See comparison_words.h.
#include "cli/comparison_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "cli/ratings.h"

namespace tandem {

namespace {

using Rows = std::vector<ComparisonRow>;
using Lines = std::vector<std::string>;

constexpr size_t kSamples = 3;
constexpr size_t kShownBytes = 240;

// One line of at most kShownBytes.
std::string Shown(const std::string& text) {
  std::string line = ValidUtf8(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (line.size() <= kShownBytes) return line;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return line.substr(0, end) + " ...";
}

// "cloud, auto": of the contenders, without their k's.
std::string ModesOf(const ComparisonPlan& plan) {
  std::string names;
  std::set<Mode> seen;
  for (const Contender& contender : plan.contenders) {
    if (!seen.insert(contender.mode).second) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", ModeName(contender.mode));
  }
  return names;
}

std::set<double> RoundTrips(const Rows& rows) {
  std::set<double> all;
  for (const ComparisonRow& row : rows) all.insert(row.rtt_ms);
  return all;
}

// The quickest row at a round trip whose text is the large model's.
const ComparisonRow* Quickest(const Rows& rows, double rtt_ms) {
  const ComparisonRow* best = nullptr;
  for (const Mode mode : {Mode::kCloud, Mode::kSync, Mode::kSpeculate, Mode::kAuto}) {
    const ComparisonRow* row = BestOf(rows, mode, rtt_ms);
    if (row != nullptr && (best == nullptr || row->ms_per_token.median < best->ms_per_token.median))
      best = row;
  }
  return best;
}

Lines Recommendations(const Rows& rows) {
  Lines lines;
  for (const double rtt_ms : RoundTrips(rows)) {
    const ComparisonRow* best = Quickest(rows, rtt_ms);
    if (best == nullptr) continue;
    std::string line = fmt::format("At {:g} ms the quickest is {}: {:.2f} ms a token", rtt_ms,
                                   ContenderName(best->contender), best->ms_per_token.median);
    if (best->speedup > 0 && best->contender.mode != Mode::kCloud)
      line += fmt::format(", {}", SpeedStatusLine(best->speedup));
    lines.push_back(line + ".");
  }
  return lines;
}

Lines OfTheWindow(const Rows& rows) {
  std::vector<double> ratios, waste;
  for (const ComparisonRow& row : rows) {
    if (row.contender.mode != Mode::kAuto) continue;
    if (row.predicted_ratio > 0) ratios.push_back(row.predicted_ratio);
    waste.push_back(100 * row.stale_share);
  }
  Lines lines;
  if (!ratios.empty()) {
    const Summary of = Summarize(ratios);
    lines.push_back(fmt::format("The planner's prediction was {:.2f} to {:.2f} times what was measured.",
                                of.min, of.max));
  }
  if (!waste.empty())
    lines.push_back(fmt::format("Of the drafts that auto sent, {:.0f} to {:.0f} % were thrown away unjudged.",
                                Summarize(waste).min, Summarize(waste).max));
  return lines;
}

std::string IdentityLine(const Comparison& comparison) {
  if (comparison.Identical())
    return fmt::format("Texts identical: yes ({} texts compared, id by id)", comparison.TextsOfTheCloud());
  return "Texts identical: NO. One seed must give one text in every mode: this is a fault";
}

}  // namespace

std::string AcceptanceText(const ComparisonRow& row) {
  return row.verified == 0 ? "-" : fmt::format("{:.0f} %", 100 * row.total_acceptance);
}

Lines SetupLines(const Comparison& comparison) {
  const ComparisonPlan& plan = comparison.plan;
  Lines lines;
  lines.push_back(
      fmt::format("Modes {}; {} prompts ({}), {} tokens each, iterations {}, round trips {}; seed {}",
                  ModesOf(plan), plan.prompts.size(), plan.prompt_set, plan.tokens, plan.iterations,
                  plan.round_trips.size(), plan.sampling.seed));
  if (plan.skipped > 0)
    lines.push_back(fmt::format("{} prompts were skipped: the context has no room for them", plan.skipped));
  if (comparison.target) {
    lines.push_back(fmt::format("Cloud: {} padded to {} layers, one step {:.1f} ms, on this machine",
                                comparison.target->original, comparison.target->layers,
                                comparison.target->step_ms));
  } else {
    lines.push_back(fmt::format("Cloud: {}", Shown(fmt::format("{}", fmt::join(comparison.clouds, ", ")))));
  }
  return lines;
}

Lines SummaryLines(const Comparison& comparison, const Rows& rows) {
  Lines lines;
  if (const auto headline = HeadlineOf(rows)) {
    lines.push_back("Status: " + SpeedStatusLine(headline->speedup));
    lines.push_back(fmt::format(
        "  {} over cloud alone by ms a token, the geometric mean of {} round trips ({:.2f} to {:.2f})",
        ModeName(headline->mode), RoundTrips(rows).size(), headline->lowest, headline->highest));
    if (headline->mode != Mode::kEdge)
      lines.push_back(fmt::format("Acceptance: {:.0f} %, {}", 100 * headline->acceptance,
                                  AcceptanceRating(headline->acceptance)));
  } else {
    lines.push_back("Status: nothing to compare");
  }
  lines.push_back(IdentityLine(comparison));
  lines.push_back(fmt::format("Complete: {} ({} of {} texts)", comparison.complete ? "yes" : "NO",
                              comparison.texts.size(), comparison.plan.CountedTexts()));
  return lines;
}

Lines ConclusionLines(const Comparison& comparison, const Rows& rows) {
  Lines lines;
  if (const auto headline = HeadlineOf(rows)) {
    lines.push_back(fmt::format("Verdict: {} ({:.2f} with mode {}).", SpeedVerdict(headline->speedup),
                                headline->speedup, ModeName(headline->mode)));
    if (headline->mode != Mode::kEdge)
      lines.push_back(fmt::format("Acceptance is {} ({:.0f} % of the drafts that were judged).",
                                  AcceptanceRating(headline->acceptance), 100 * headline->acceptance));
  }
  for (std::string& line : Recommendations(rows)) lines.push_back(std::move(line));
  for (std::string& line : OfTheWindow(rows)) lines.push_back(std::move(line));
  lines.push_back(IdentityLine(comparison) + ".");
  if (!comparison.complete)
    lines.push_back("The run ended early: rows rest on fewer texts than were asked for.");
  return lines;
}

std::vector<SampleOutput> SampleOutputsOf(const Comparison& comparison) {
  std::vector<SampleOutput> samples;
  const ComparisonPlan& plan = comparison.plan;
  for (size_t prompt = 0; prompt < std::min(kSamples, plan.prompts.size()); ++prompt) {
    SampleOutput sample{Shown(plan.prompts[prompt]), {}};
    for (const ComparedText& text : comparison.texts) {
      if (text.prompt != prompt || text.iteration != 0) continue;
      const std::string who = ModeName(text.report.mode), written = Shown(text.report.text);
      auto same = std::find_if(sample.texts.begin(), sample.texts.end(),
                               [&](const auto& entry) { return entry.second == written; });
      if (same == sample.texts.end()) {
        sample.texts.emplace_back(who, written);
      } else if ((", " + same->first + ",").find(" " + who + ",") == std::string::npos) {
        same->first += ", " + who;
      }
    }
    if (!sample.texts.empty()) samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace tandem
