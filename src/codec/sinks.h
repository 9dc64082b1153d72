// Rows whose magnitudes stand far above all others ("massive activations", attention sinks: the first token
// and few more) spoil every scale they share and are most of the error of what is left (PrefixQuant, arXiv
// 2410.05265); codecs keep them in f16. A row's peak is its largest magnitude.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.h"

namespace tandem {

// The median peak; of an even number the lower of the middle two. 0 for none. Peaks are finite.
float MedianPeak(std::span<const float> peaks);

// One flag a row, 1 for a sink: the text's position 0, and every row whose peak is above `threshold`. Rows
// lie at first, first + 1, ..
std::vector<uint8_t> FindSinks(std::span<const float> peaks, Pos first, float threshold);

}  // namespace tandem
