// A line chart as SVG: series of points over two linear axes, with ticks, a legend and a title. Nothing else
// than these bytes is needed to show it: no script, no style sheet, no font.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

struct ChartSeries {
  std::string name;
  std::vector<std::pair<double, double>> points;  // (x, y), drawn in this order
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<ChartSeries> series;
};

// One <svg> element. Points that are not finite, or beyond 1e100, are left out; the y axis begins at 0 unless
// a value is below. With no point at all the axes stand empty.
std::string Svg(const Chart& chart);

// Text for the inside of an element or a quoted attribute of XML or HTML: & < > " ' are escaped, control
// characters that XML 1.0 forbids, and bytes that are no UTF-8, become U+FFFD.
std::string XmlEscaped(std::string_view text);

// About `wanted` round numbers that cover [low, high], the ends included: steps of 1, 2 or 5 times a power of
// ten. Ordered; at least two. low <= high, neither beyond 1e100.
std::vector<double> Ticks(double low, double high, int wanted);

}  // namespace tandem
