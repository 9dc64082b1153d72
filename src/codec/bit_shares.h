// Who gets how many bits: which rows of a message are coded low by importance, and how many bits each row
// gets when they share a mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tandem {

// How many of `rows` a share of 0..1 is: rounded down; a product that misses a whole number by float rounding
// alone counts as that number.
size_t ShareOf(double share, size_t rows);

// One flag a row, 1 for the `count` least important; of equals the earlier rows. `importance` is finite,
// count at most its size.
std::vector<uint8_t> LeastImportant(std::span<const float> importance, size_t count);

// Bits a value for every row, from {2, 3, 4, 5, 6, 8}: reverse water-filling over what those can say. A row
// of weight w = importance times mean square has the distortion w 4^-b at b bits; from 2 bits for all, bits
// go where a bit takes most distortion away, until the mean is spent. Sums to at most floor(mean * rows), and
// less than that by at most 1 where not every row has 8. A row of greater weight never has fewer bits than
// one of smaller; of equal weights the earlier may have more. mean in 2..8; weights finite, >= 0. O(n log n)
// for n rows. (Rate-distortion of independent Gaussians: Cover and Thomas, section 10.3.3.)
std::vector<uint8_t> WaterFill(std::span<const double> weights, double mean);

}  // namespace tandem
