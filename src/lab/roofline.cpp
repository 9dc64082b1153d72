// See roofline.h.
#include "lab/roofline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tandem {

namespace {

constexpr RooflineDevice kH200{"H200", 4.8e12, 989e12, "NVIDIA H200 datasheet, bf16 dense"};
constexpr RooflineDevice kRtx4090{"RTX 4090", 1.008e12, 165.2e12,
                                  "NVIDIA Ada architecture paper, bf16 dense, fp32 accumulate"};
constexpr RooflineDevice kM2{"M2", 100e9, 3.6e12, "Apple, M2 announcement: memory bandwidth and GPU"};

// Shapes of Qwen2.5 7B and 0.5B, Llama 3.1 70B and 3.2 1B; caches in bf16 at 2048 positions:
// layers x 2 x kv heads x head width x 2 bytes x 2048.
constexpr RooflineModel kTarget7b{"7B bf16", 15.2e9, 15.2e9, 28.0 * 2 * 4 * 128 * 2 * 2048};
constexpr RooflineModel kTarget70b{"70B 8 bit", 70.6e9, 141.2e9, 80.0 * 2 * 8 * 128 * 2 * 2048};
constexpr RooflineModel kDraft05b{"0.5B bf16", 0.99e9, 0.99e9, 24.0 * 2 * 2 * 64 * 2 * 2048};
constexpr RooflineModel kDraft1b{"1B bf16", 2.47e9, 2.47e9, 16.0 * 2 * 8 * 64 * 2 * 2048};
// At the edge in 4 bits and a half a weight.
constexpr RooflineModel kEdge05b{"0.5B 4 bit", 0.28e9, 0.99e9, kDraft05b.kv_bytes};
constexpr RooflineModel kEdge1b{"1B 4 bit", 0.69e9, 2.47e9, kDraft1b.kv_bytes};

constexpr std::array kPairs = {
    RooflinePair{kH200, kTarget70b, kDraft1b, kM2, kEdge1b},
    RooflinePair{kH200, kTarget7b, kDraft05b, kM2, kEdge05b},
    RooflinePair{kRtx4090, kTarget7b, kDraft05b, kM2, kEdge05b},
};

}  // namespace

double RooflineUs(const RooflineDevice& device, const RooflineModel& model, int rows, int texts,
                  double overhead_us) {
  const double moved = model.weight_bytes + model.kv_bytes * texts;
  return 1e6 *
             std::max(moved / device.bytes_per_second, model.flops_per_row * rows / device.flops_per_second) +
         overhead_us;
}

double RooflineKnee(const RooflineDevice& device, const RooflineModel& model) {
  return (model.weight_bytes + model.kv_bytes) / device.bytes_per_second * device.flops_per_second /
         model.flops_per_row;
}

std::vector<Micros> RooflineCosts(const RooflineDevice& device, const RooflineModel& model, int texts,
                                  int most) {
  std::vector<Micros> costs;
  for (int rows = 1; rows <= most; ++rows)
    costs.emplace_back(std::llround(RooflineUs(device, model, rows, std::min(rows, texts))));
  return costs;
}

std::span<const RooflinePair> RooflinePairs() {
  return kPairs;
}

}  // namespace tandem
