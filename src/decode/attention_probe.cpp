// See attention_probe.h.
#include "decode/attention_probe.h"

#include <algorithm>

namespace tandem {

void AddQueries(LayerProbe& probe, int rows, int new_rows, std::span<const float> sums,
                std::span<const float> last, int stride) {
  const auto old_width = static_cast<size_t>(rows), width = static_cast<size_t>(rows + new_rows);
  const size_t heads = sums.size() / static_cast<size_t>(stride);
  std::vector<float> wider(heads * width);
  probe.last_row.resize(heads * width);
  for (size_t head = 0; head < heads; ++head) {
    const size_t from = head * static_cast<size_t>(stride);
    float* to = &wider[head * width];
    std::copy_n(&sums[from], width, to);
    for (size_t j = 0; j < old_width; ++j) to[j] += probe.column_sums[head * old_width + j];
    std::copy_n(&last[from], width, &probe.last_row[head * width]);
  }
  probe.column_sums = std::move(wider);
}

}  // namespace tandem
