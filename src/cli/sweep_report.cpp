// See sweep_report.h.
#include "cli/sweep_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "cli/output.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;
constexpr double kMostDrawn = 4;  // times the base's perplexity

bool IsRatio(const SweepRow& row) {
  return row.point.codec.starts_with("mix:int4:f32:") && row.point.codec.ends_with("/tensor");
}

Json Figure(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json RowJson(const SweepRow& row) {
  Json json = {{"split", row.point.split},
               {"codec", row.point.codec},
               {"method", row.point.importance.empty() ? Json(nullptr) : Json(row.point.importance)},
               {"ratio", row.point.ratio},
               {"plant", row.point.plant},
               {"ppl", Figure(row.ppl)},
               {"ppl_base", Figure(row.ppl_base)},
               {"dppl", Figure(row.dppl())},
               {"bytes_per_row", row.bytes_per_row},
               {"bits_per_value", row.bits_per_value},
               {"bytes_of_one_row", row.bytes_of_one_row}};
  return json;
}

std::string Split(const SweepRow& row) {
  return fmt::format("{}{}", row.point.split,
                     row.point.plant != 1 ? fmt::format(" planted {:g}", row.point.plant) : "");
}

std::string PercentText(double part) {
  return part < 10 ? fmt::format("{:+.2f} %", 100 * part) : fmt::format("x {:.3g}", part + 1);
}

// The points that quantise a share of the rows, by cut, method and ratio.
class RatioTable {
 public:
  explicit RatioTable(const std::vector<SweepRow>& rows) {
    for (const SweepRow& row : rows) {
      const Cut cut{row.point.plant, row.point.split};
      bases_[cut] = row.ppl_base;
      if (!IsRatio(row)) continue;
      cuts_.insert(cut);
      ratios_.insert(row.point.ratio);
      methods_.insert(row.point.importance);
      figures_[{cut, row.point.ratio == 1 ? "" : row.point.importance, row.point.ratio}] = row.ppl;
    }
  }

  const std::set<std::string>& methods() const { return methods_; }

  HeatMap Map(const std::string& method) const {
    HeatMap map{fmt::format("perplexity, rows by {}", method),
                "share of rows in int4, one scale",
                "cut after layers",
                {"0"},
                {},
                {}};
    for (const double ratio : ratios_) map.columns.push_back(fmt::format("{:g}", ratio));
    for (const Cut& cut : cuts_) {
      map.rows.push_back(cut.first == 1 ? fmt::format("{}", cut.second)
                                        : fmt::format("{}, x {:g}", cut.second, cut.first));
      map.values.push_back({bases_.at(cut)});
      for (const double ratio : ratios_) map.values.back().push_back(At(cut, method, ratio));
    }
    return map;
  }

 private:
  using Cut = std::pair<double, int>;  // plant, layers below

  // All rows need no method: one figure serves every map.
  double At(const Cut& cut, const std::string& method, double ratio) const {
    const auto found = figures_.find({cut, ratio == 1 ? "" : method, ratio});
    return found == figures_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }

  std::set<double> ratios_;
  std::set<Cut> cuts_;
  std::set<std::string> methods_;
  std::map<Cut, double> bases_;
  std::map<std::tuple<Cut, std::string, double>, double> figures_;
};

}  // namespace

std::vector<SweepRow> SweepReport::Rows() const {
  std::vector<SweepRow> rows;
  std::map<std::pair<int, double>, double> bases;
  const PerplexitySums& sums = measured.result.sums;
  for (size_t i = 0; i < request.points.size(); ++i) {
    const PointName& name = request.points[i];
    const PointSums& point = sums.points.at(i);
    const double ppl = Perplexity(point.nll, sums.votes);
    const double bytes =
        point.rows == 0 ? 0 : static_cast<double>(point.bytes) / static_cast<double>(point.rows);
    const double base = bases.try_emplace({name.split, name.plant}, ppl).first->second;
    const double one =
        static_cast<double>(point.one_row_bytes) / static_cast<double>(std::max<uint64_t>(1, sums.windows));
    rows.push_back({name, ppl, base, bytes, 8 * bytes / measured.width, one});
  }
  return rows;
}

Json ToJson(const SweepReport& report) {
  const PerplexitySums& sums = report.measured.result.sums;
  Json rows = Json::array(), agreement = Json::array(), peaks = Json::array();
  for (const SweepRow& row : report.Rows()) rows.push_back(RowJson(row));
  for (const LayerAgreement& a : report.measured.agreements)
    agreement.push_back({{"layers", {a.a, a.b}}, {"spearman", a.spearman}, {"jaccard_top_tenth", a.jaccard}});
  for (const SplitPeaks& p : report.measured.peaks)
    peaks.push_back({{"split", p.split},
                     {"largest_to_median", p.peaks.largest_to_median},
                     {"second_to_median", p.peaks.second_to_median},
                     {"first_to_median", p.peaks.first_to_median},
                     {"first_is_largest", p.peaks.first_is_largest}});
  const WindowPlan& plan = report.request.plan;
  return {{"model", report.request.model},
          {"file", report.request.file},
          {"form", FormName(plan.form)},
          {"weight", WeightName(plan.weight)},
          {"ctx", plan.context},
          {"stride", plan.stride},
          {"bos", BosName(report.measured.text.bos)},
          {"windows", sums.windows},
          {"windows_planned", report.measured.planned},
          {"complete", report.complete()},
          {"scored", sums.votes},
          {"ppl_base", Figure(report.base())},
          {"rows", std::move(rows)},
          {"layers", std::move(agreement)},
          {"peaks", std::move(peaks)}};
}

std::string ReportText(const SweepReport& report) {
  const WindowPlan& plan = report.request.plan;
  std::string text = fmt::format(
      "{}: {} of {} windows of {} ({}), perplexity "
      "{:.4f}\n\n{:<14}{:<37}{:<20}{:>6}{:>12}{:>12}{:>9}{:>7}{:>11}\n",
      std::filesystem::path(report.request.model).filename().string(), report.measured.result.sums.windows,
      report.measured.planned, plan.context, FormName(plan.form), report.base(), "split", "codec", "rows by",
      "ratio", "perplexity", "change", "B/row", "bits", "B, 1 row");
  for (const SweepRow& row : report.Rows())
    text += fmt::format("{:<14}{:<37}{:<20}{:>6.3g}{:>12.5g}{:>12}{:>9.1f}{:>7.3f}{:>11.1f}\n", Split(row),
                        row.point.codec, row.point.importance, row.point.ratio, row.ppl,
                        PercentText(row.dppl()), row.bytes_per_row, row.bits_per_value, row.bytes_of_one_row);
  text += fmt::format("\n{:<8}{:>10}{:>18}   importance of rows, layer to layer\n", "layers", "Spearman",
                      "Jaccard top 10 %");
  for (const LayerAgreement& a : report.measured.agreements)
    text += fmt::format("{:<8}{:>10.3f}{:>18.3f}\n", fmt::format("{}-{}", a.a, a.b), a.spearman, a.jaccard);
  text += fmt::format("\n{:<8}{:>12}{:>12}{:>12}{:>18}   rows' peaks over the median row's\n", "split",
                      "largest", "second", "first row", "first is largest");
  for (const SplitPeaks& p : report.measured.peaks)
    text += fmt::format("{:<8}{:>12.2f}{:>12.2f}{:>12.2f}{:>16.0f} %\n", p.split, p.peaks.largest_to_median,
                        p.peaks.second_to_median, p.peaks.first_to_median, 100 * p.peaks.first_is_largest);
  return text;
}

Chart BytesChart(const SweepReport& report) {
  std::map<std::string, ChartSeries> series;
  for (const SweepRow& row : report.Rows()) {
    if (!(row.ppl <= kMostDrawn * row.ppl_base) || row.point.codec == "f32" || row.point.plant != 1) continue;
    const std::string name =
        fmt::format("{}, {}", Split(row), IsRatio(row) ? row.point.importance : "codecs");
    series[name].name = name;
    series[name].points.emplace_back(row.bytes_per_row, row.ppl);
  }
  Chart chart{"perplexity by bytes a token", "bytes a token", "perplexity", {}};
  for (auto& [name, one] : series) {
    std::sort(one.points.begin(), one.points.end());
    chart.series.push_back(std::move(one));
  }
  return chart;
}

std::vector<std::pair<std::string, HeatMap>> RatioMaps(const SweepReport& report) {
  const RatioTable table(report.Rows());
  std::vector<std::pair<std::string, HeatMap>> maps;
  for (const std::string& method : table.methods()) {
    std::string name = method;
    std::replace(name.begin(), name.end(), ' ', '_');
    maps.emplace_back("heat_" + name, table.Map(method));
  }
  return maps;
}

}  // namespace tandem
