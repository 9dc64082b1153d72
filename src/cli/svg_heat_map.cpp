// See svg_heat_map.h.
#include "cli/svg_heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/svg_chart.h"

namespace tandem {

namespace {

// In units of the picture.
constexpr double kLeft = 90, kTop = 44, kBottom = 56, kRight = 20, kField = 84, kFieldHeight = 34;

struct Range {
  double low = 0, high = 0;  // logarithms; equal where there is one value or none

  // 0 to 1.
  double Place(double value) const {
    if (!(value > 0) || high <= low) return 0;
    return std::clamp((std::log(value) - low) / (high - low), 0.0, 1.0);
  }
};

Range RangeOf(const HeatMap& map) {
  Range range;
  bool any = false;
  for (const auto& row : map.values) {
    for (const double value : row) {
      if (!(value > 0) || !std::isfinite(value)) continue;
      const double log = std::log(value);
      range.low = any ? std::min(range.low, log) : log;
      range.high = any ? std::max(range.high, log) : log;
      any = true;
    }
  }
  return range;
}

// From white to a dark red, with the ink that can be read on it.
std::string Field(double x, double y, double value, const Range& range) {
  const bool is = std::isfinite(value);
  const double place = range.Place(value);
  const auto part = [&](double full) { return static_cast<int>(std::lround(255 + (full - 255) * place)); };
  std::string svg = fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", x, y, kField - 1,
      kFieldHeight - 1, is ? fmt::format("#{:02x}{:02x}{:02x}", part(165), part(15), part(21)) : "#eeeeee");
  return svg + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"{}\">{}</text>\n",
                           x + kField / 2, y + kFieldHeight / 2 + 4, place > 0.5 ? "#ffffff" : "#222222",
                           is ? fmt::format("{:.4g}", value) : "-");
}

std::string Text(double x, double y, const char* anchor, const std::string& text,
                 const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     XmlEscaped(text));
}

}  // namespace

std::string Svg(const HeatMap& map) {
  const double width = kLeft + kField * static_cast<double>(map.columns.size()) + kRight;
  const double bottom = kTop + kFieldHeight * static_cast<double>(map.rows.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
      "height=\"{1:g}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n<rect width=\"{0:g}\" height=\"{1:g}\" "
      "fill=\"#ffffff\"/>\n",
      width, bottom + kBottom);
  svg += Text(width / 2, 24, "middle", map.title, " font-size=\"15\"");
  svg += Text(width / 2, bottom + 42, "middle", map.x_label);
  svg += Text(18, (kTop + bottom) / 2, "middle", map.y_label,
              fmt::format(" transform=\"rotate(-90 18 {:.1f})\"", (kTop + bottom) / 2));
  const Range range = RangeOf(map);
  for (size_t row = 0; row < map.rows.size(); ++row) {
    const double y = kTop + kFieldHeight * static_cast<double>(row);
    svg += Text(kLeft - 8, y + kFieldHeight / 2 + 4, "end", map.rows[row]);
    for (size_t column = 0; column < map.columns.size(); ++column)
      svg += Field(kLeft + kField * static_cast<double>(column), y, map.values[row][column], range);
  }
  for (size_t column = 0; column < map.columns.size(); ++column)
    svg += Text(kLeft + kField * (static_cast<double>(column) + 0.5), bottom + 18, "middle",
                map.columns[column]);
  return svg + "</svg>\n";
}

}  // namespace tandem
