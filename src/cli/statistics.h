// Figures that sum a list of measurements up. Pure; of an empty list every figure is 0.
#pragma once

#include <vector>

namespace tandem {

double Mean(const std::vector<double>& values);
double Median(std::vector<double> values);

// The value below which the part `at` of the list lies, 0 to 1; between two of its members in proportion
// (Hyndman and Fan's type 7, the default of R and NumPy).
double Quantile(std::vector<double> values, double at);

// Of a sample: divided by n - 1. 0 for fewer than two values.
double StandardDeviation(const std::vector<double>& values);

struct Summary {
  double mean = 0, median = 0, min = 0, max = 0, std_dev = 0;
  double p10 = 0, p50 = 0, p90 = 0, p99 = 0;
};
Summary Summarize(const std::vector<double>& values);

}  // namespace tandem
