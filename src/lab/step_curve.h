// t(rows) as a table: from a few row counts that were measured to every one, and where rows stop being free.
#pragma once

#include <cstddef>
#include <vector>

#include "base/types.h"

namespace tandem {

struct StepPoint {
  int rows = 0;  // >= 1
  Micros took{0};
};

// [i]: a step of i + 1 rows, from 1 to the last point's. Linear between points, never falling: a row more
// that seems to cost less is noise. Points by rising rows, the first of one row.
std::vector<Micros> StepCosts(const std::vector<StepPoint>& points);

// A step of `rows` rows (>= 1) by a table (not empty); past its end with the slope of its last eight.
Micros StepCost(const std::vector<Micros>& costs, size_t rows);

// The first row count whose step takes more than `factor` steps of one row; 0 when the table has none.
int KneeRows(const std::vector<Micros>& costs, double factor);

}  // namespace tandem
