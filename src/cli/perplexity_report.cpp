// See perplexity_report.h.
#include "cli/perplexity_report.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

double BytesPerRow(const PointSums& sums) {
  return sums.rows == 0 ? 0 : static_cast<double>(sums.bytes) / static_cast<double>(sums.rows);
}

// JSON has no NaN; a perplexity without a vote is none.
Json Figure(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

double PerplexityReport::ppl() const {
  return point ? Perplexity(result.sums.points.at(0).nll, result.sums.votes) : base();
}

Json ToJson(const PerplexityReport& report) {
  const PerplexitySums& sums = report.result.sums;
  Json json = {{"ppl", Figure(report.ppl())},
               {"nll_sum", report.point ? sums.points.at(0).nll : sums.nll},
               {"scored", sums.votes},
               {"windows", sums.windows},
               {"rows_per_s", Rounded(report.rows_per_s, 1)},
               {"codec", nullptr},
               {"split", nullptr},
               {"bytes_per_row", nullptr},
               {"bits_per_value", nullptr},
               {"bytes_of_one_row", nullptr},
               {"ppl_base", Figure(report.base())},
               {"dppl", nullptr}};
  if (report.point) {
    const double bytes = BytesPerRow(sums.points.at(0));
    json["codec"] = report.point->codec;
    json["split"] = report.point->split;
    json["bytes_per_row"] = bytes;
    json["bits_per_value"] = 8 * bytes / report.width;
    json["bytes_of_one_row"] =
        static_cast<double>(sums.points.at(0).one_row_bytes) / static_cast<double>(sums.windows);
    json["dppl"] = Figure(report.ppl() / report.base() - 1);
  }
  json["form"] = FormName(report.plan.form);
  json["weight"] = report.plan.form == WindowForm::kHf ? Json(WeightName(report.plan.weight)) : Json(nullptr);
  json["ctx"] = report.plan.context;
  json["stride"] = report.plan.form == WindowForm::kHf ? Json(report.plan.stride) : Json(nullptr);
  json["bos"] = BosName(report.bos);
  json["tokens"] = report.tokens;
  json["windows_planned"] = report.planned;
  json["complete"] = report.complete();
  json["model"] = report.model;
  json["file"] = report.file;
  return json;
}

std::string ReportText(const PerplexityReport& report) {
  const PerplexitySums& sums = report.result.sums;
  std::string text = fmt::format(
      "{} on {}: {} {} windows of {}{}\n", std::filesystem::path(report.model).filename().string(),
      std::filesystem::path(report.file).filename().string(),
      report.complete() ? fmt::format("{}", sums.windows)
                        : fmt::format("the first {} of {}", sums.windows, report.planned),
      report.plan.form == WindowForm::kHf ? "sliding" : "chunk", report.plan.context,
      report.plan.form == WindowForm::kHf
          ? fmt::format(", stride {}, weight {}", report.plan.stride, WeightName(report.plan.weight))
          : "");
  text += fmt::format("perplexity {:.4f}", report.base());
  if (report.point) {
    const double bytes = BytesPerRow(sums.points.at(0));
    text += fmt::format("; {:.4f} ({:+.3f} %) as {} after layer {}: {:.1f} bytes a row, {:.3f} bits a value",
                        report.ppl(), 100 * (report.ppl() / report.base() - 1), report.point->codec,
                        report.point->split, bytes, 8 * bytes / report.width);
  }
  return text + fmt::format("\n{:.0f} votes, {:.0f} rows/s\n", sums.votes, report.rows_per_s);
}

Chart ReportChart(const PerplexityReport& report) {
  Chart chart{"perplexity so far", "windows", "perplexity", {{"whole model", {}}}};
  if (report.point)
    chart.series.push_back({fmt::format("{} after {}", report.point->codec, report.point->split), {}});
  for (const CurvePoint& c : report.result.curve) {
    const auto x = static_cast<double>(c.windows);
    chart.series[0].points.emplace_back(x, c.base);
    if (report.point) chart.series[1].points.emplace_back(x, c.point);
  }
  return chart;
}

}  // namespace tandem
