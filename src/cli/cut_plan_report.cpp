// See cut_plan_report.h.
#include "cli/cut_plan_report.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/cut_plan_file.h"
#include "cli/link_terms.h"
#include "cli/output.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

// Points past it would press the others together; the table has them.
constexpr double kMostLossDrawn = 0.2;

double Ms(double us) {
  return us / 1000;
}

double Bps(double bytes_per_us) {
  return kBitsPerByteUs * bytes_per_us;
}

const CutTerms& Terms(const MeasuredPlan& measured) {
  return measured.request.terms;
}

Json OptionJson(const CutOption& option, const TextLength& text) {
  return {{"split", option.begin},
          {"codec", option.codec},
          {"dppl", option.dppl},
          {"ms_per_token", Rounded(Ms(option.times.MeanUs(text.tokens)), 3)},
          {"first_ms", Rounded(Ms(option.times.first_us), 3)},
          {"next_ms", Rounded(Ms(option.times.token_us), 3)}};
}

Json LinkJson(const LinkTimes& link) {
  return {{"rtt_ms", Rounded(Ms(link.rtt_us), 3)},
          {"up_bps", Bps(link.up_bytes_per_us)},
          {"down_bps", Bps(link.down_bytes_per_us)}};
}

std::string RateText(double bytes_per_us) {
  return bytes_per_us > 0 ? fmt::format("{:g} Mbit/s", 8 * bytes_per_us) : "any rate";
}

std::string Head(const MeasuredPlan& measured) {
  const CutTerms& terms = Terms(measured);
  const PlanRequest& asked = measured.request;
  const auto threads = [](int n) { return fmt::format("{} thread{}", n, n == 1 ? "" : "s"); };
  return fmt::format(
      "{}, {} layers of width {}; {} at the edge, {} in the cloud\n"
      "link: round trip {:g} ms, {} up, {} down; a prompt of {} tokens, {} written\n"
      "perplexity {:.4f}, {} windows of {} of {}\n"
      "not cut: {:.2f} ms a token all at the edge, {:.2f} all in the cloud, which streams\n\n",
      std::filesystem::path(asked.model).filename().string(), measured.plan.layers, measured.width,
      threads(asked.threads), threads(asked.cloud_threads), Ms(terms.link.rtt_us),
      RateText(terms.link.up_bytes_per_us), RateText(terms.link.down_bytes_per_us), terms.text.prompt,
      terms.text.tokens, measured.ppl, measured.windows, asked.windows.context,
      std::filesystem::path(asked.file).filename().string(), Ms(measured.edge_alone_us),
      Ms(measured.cloud_alone_us));
}

std::string CutsTable(const CutPlan& plan) {
  std::string text = fmt::format("{:>6}{:>15}{:>16}{:>18}{:>18}\n", "split", "ms a row, edge",
                                 "ms a row, cloud", "ms a block, edge", "ms a block, cloud");
  for (const PlannedCut& cut : plan.cuts)
    text +=
        fmt::format("{:>6}{:>15.2f}{:>16.2f}{:>18.2f}{:>18.2f}\n", cut.times.begin, Ms(cut.times.edge.row_us),
                    Ms(cut.times.cloud.row_us), Ms(cut.times.edge.block_us), Ms(cut.times.cloud.block_us));
  return text;
}

std::string FrontTable(const MeasuredPlan& measured, const std::vector<CutOption>& front) {
  std::string text = fmt::format("\n{:>6}{:>13}{:>11}{:>10}{:>13}  {}\n", "split", "ms a token", "first, ms",
                                 "next, ms", "perplexity", "codec");
  for (const CutOption& option : front)
    text += fmt::format("{:>6}{:>13.2f}{:>11.2f}{:>10.2f}{:>+11.2f} %  {}\n", option.begin,
                        Ms(option.times.MeanUs(Terms(measured).text.tokens)), Ms(option.times.first_us),
                        Ms(option.times.token_us), 100 * option.dppl, option.codec);
  return text;
}

std::string Advice(const MeasuredPlan& measured) {
  const auto best = BestCut(measured.plan, Terms(measured));
  const double bound = 100 * Terms(measured).max_dppl;
  if (!best) return fmt::format("\nnothing that was tried stays within +{:g} % perplexity\n", bound);
  return fmt::format("\nwithin +{:g} %: --mode split --split {} --codec {}, {:.2f} ms a token\n", bound,
                     best->begin, best->codec, Ms(best->times.MeanUs(Terms(measured).text.tokens)));
}

ChartSeries Series(const std::string& name, const std::vector<CutOption>& options, int tokens) {
  ChartSeries series{name, {}};
  for (const CutOption& option : options) {
    if (option.dppl <= kMostLossDrawn)
      series.points.emplace_back(Ms(option.times.MeanUs(tokens)), 100 * std::max(0.0, option.dppl));
  }
  return series;
}

}  // namespace

Json ToJson(const MeasuredPlan& measured) {
  const CutTerms& terms = Terms(measured);
  const PlanRequest& asked = measured.request;
  const std::vector<CutOption> ranked = RankCuts(measured.plan, terms);
  Json options = Json::array(), front = Json::array();
  for (const CutOption& option : ranked) options.push_back(OptionJson(option, terms.text));
  for (const CutOption& option : ParetoFront(ranked)) front.push_back(OptionJson(option, terms.text));
  const auto best = BestCut(measured.plan, terms);
  return {{"model", asked.model},
          {"identity", measured.identity},
          {"layers", measured.plan.layers},
          {"width", measured.width},
          {"threads", asked.threads},
          {"cloud_threads", asked.cloud_threads},
          {"link", LinkJson(terms.link)},
          {"prompt_tokens", terms.text.prompt},
          {"predict", terms.text.tokens},
          {"max_dppl", terms.max_dppl},
          {"file", asked.file},
          {"ctx", asked.windows.context},
          {"windows", measured.windows},
          {"ppl_base", measured.ppl},
          {"edge_alone_ms", Rounded(Ms(measured.edge_alone_us), 3)},
          {"cloud_alone_ms", Rounded(Ms(measured.cloud_alone_us), 3)},
          {"best", best ? OptionJson(*best, terms.text) : Json(nullptr)},
          {"front", std::move(front)},
          {"options", std::move(options)},
          {"cuts", CutsJson(measured.plan)}};
}

std::string ReportText(const MeasuredPlan& measured) {
  const auto front = ParetoFront(RankCuts(measured.plan, Terms(measured)));
  return Head(measured) + CutsTable(measured.plan) + FrontTable(measured, front) + Advice(measured);
}

Chart ReportChart(const MeasuredPlan& measured) {
  const int tokens = Terms(measured).text.tokens;
  const std::vector<CutOption> ranked = RankCuts(measured.plan, Terms(measured));
  Chart chart{"where to cut, and in which codec", "ms a token", "perplexity, + %", {}};
  chart.series.push_back(Series("front", ParetoFront(ranked), tokens));
  for (const PlannedCut& cut : measured.plan.cuts) {
    std::vector<CutOption> own;
    std::copy_if(ranked.begin(), ranked.end(), std::back_inserter(own),
                 [&](const CutOption& option) { return option.begin == cut.times.begin; });
    chart.series.push_back(Series(fmt::format("split {}", cut.times.begin), own, tokens));
  }
  return chart;
}

}  // namespace tandem
