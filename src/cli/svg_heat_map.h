// A table of figures as SVG, each field coloured by its value on a logarithmic scale and told in digits.
#pragma once

#include <string>
#include <vector>

namespace tandem {

struct HeatMap {
  std::string title, x_label, y_label;
  std::vector<std::string> columns, rows;   // names
  std::vector<std::vector<double>> values;  // [row][column]; NaN: no figure
};

// One <svg> element. Values that are not above 0 have the colour of the smallest one that is.
std::string Svg(const HeatMap& map);

}  // namespace tandem
