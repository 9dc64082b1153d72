// See svg_chart.h.
#include "cli/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/utf8.h"

namespace tandem {

namespace {

// In units of the picture.
constexpr double kWidth = 760, kHeight = 440;
constexpr double kLeft = 70, kRight = 170, kTop = 44, kBottom = 56;  // margins; the legend is on the right
constexpr double kPlotRight = kWidth - kRight, kPlotBottom = kHeight - kBottom;
constexpr int kTicks = 6;
constexpr double kMostDrawn = 1e100;  // so that no arithmetic on ranges overflows

// Okabe and Ito's colours: told apart by most colour-blind eyes.
constexpr std::array kColors = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                "#E69F00", "#56B4E9", "#000000", "#999999"};

bool IsDrawn(const std::pair<double, double>& point) {
  return std::abs(point.first) <= kMostDrawn && std::abs(point.second) <= kMostDrawn;  // false for NaN
}

// One axis: values between its outer ticks to places in the picture.
class Axis {
 public:
  Axis(std::vector<double> ticks, double from, double to) : ticks_(std::move(ticks)), from_(from), to_(to) {}

  double Place(double value) const {
    const double low = ticks_.front(), high = ticks_.back();
    return from_ + (to_ - from_) * ((value - low) / (high - low));
  }
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  std::vector<double> ticks_;
  double from_, to_;
};

struct Range {
  double low = 0, high = 0;
  bool any = false;
  void Take(double value) {
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
};

std::string Text(double x, double y, const char* anchor, std::string_view text, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     XmlEscaped(text));
}

std::string Line(double x1, double y1, double x2, double y2, const char* color) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"1\"/>\n",
      x1, y1, x2, y2, color);
}

std::string Axes(const Chart& chart, const Axis& x, const Axis& y) {
  std::string svg;
  for (const double tick : y.ticks()) {
    const double place = y.Place(tick);
    svg += Line(kLeft, place, kPlotRight, place, "#dddddd");
    svg += Text(kLeft - 8, place + 4, "end", fmt::format("{:g}", tick));
  }
  for (const double tick : x.ticks()) {
    const double place = x.Place(tick);
    svg += Line(place, kPlotBottom, place, kPlotBottom + 5, "#444444");
    svg += Text(place, kPlotBottom + 19, "middle", fmt::format("{:g}", tick));
  }
  svg += Line(kLeft, kPlotBottom, kPlotRight, kPlotBottom, "#444444");
  svg += Line(kLeft, kTop, kLeft, kPlotBottom, "#444444");
  svg += Text((kLeft + kPlotRight) / 2, 24, "middle", chart.title, " font-size=\"15\"");
  svg += Text((kLeft + kPlotRight) / 2, kHeight - 12, "middle", chart.x_label);
  const double middle = (kTop + kPlotBottom) / 2;
  const std::string turned = fmt::format(" transform=\"rotate(-90 18 {:.1f})\"", middle);
  return svg + Text(18, middle, "middle", chart.y_label, turned.c_str());
}

std::string Drawn(const ChartSeries& series, const Axis& x, const Axis& y, const char* color) {
  std::string places, dots;
  for (const auto& point : series.points) {
    if (!IsDrawn(point)) continue;
    const double px = x.Place(point.first), py = y.Place(point.second);
    places += fmt::format("{}{:.1f},{:.1f}", places.empty() ? "" : " ", px, py);
    dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", px, py, color);
  }
  if (places.empty()) return "";
  return fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n{}", places,
                     color, dots);
}

std::string LegendLine(size_t index, const std::string& name, const char* color) {
  const double y = kTop + 10 + 20 * static_cast<double>(index);
  return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n",
                     kPlotRight + 16, y - 10, color) +
         Text(kPlotRight + 34, y, "start", name);
}

// A code point that XML 1.0 cannot hold (2.2, Char), among the one-byte ones.
bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

}  // namespace

std::vector<double> Ticks(double low, double high, int wanted) {
  // A range that its own digits hardly tell from one value gets the room of one.
  if (high - low <= std::max(1e-100, 1e-9 * std::max(std::abs(low), std::abs(high))))
    high = low + std::max(1.0, std::abs(low));
  const double rough = (high - low) / std::max(1, wanted);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * (1 - 1e-9)) step = factor * power;
  }
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  std::vector<double> ticks;
  for (int64_t i = first; i <= std::max(last, first + 1); ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string XmlEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : ValidUtf8(text)) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if (IsForbidden(c)) {
      escaped += "\xEF\xBF\xBD";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Svg(const Chart& chart) {
  Range across, up;
  for (const ChartSeries& series : chart.series) {
    for (const auto& point : series.points) {
      if (!IsDrawn(point)) continue;
      across.Take(point.first);
      up.Take(point.second);
    }
  }
  const Axis x(Ticks(across.low, across.high, kTicks), kLeft, kPlotRight);
  const Axis y(Ticks(std::min(0.0, up.low), std::max(0.0, up.high), kTicks), kPlotBottom, kTop);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
      "height=\"{1:g}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n"
      "<rect width=\"{0:g}\" height=\"{1:g}\" fill=\"#ffffff\"/>\n",
      kWidth, kHeight);
  svg += Axes(chart, x, y);
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const char* color = kColors[i % kColors.size()];
    svg += Drawn(chart.series[i], x, y, color);
    svg += LegendLine(i, chart.series[i].name, color);
  }
  return svg + "</svg>\n";
}

}  // namespace tandem
