// See fingerprint.h.
#include "decode/fingerprint.h"

#include <ggml-backend.h>

#include "model/device.h"

namespace tandem {

namespace {

// Raised whenever a change to our own graph or to the choice of kernels changes bits.
constexpr int kGraphVersion = 1;

// Instruction sets and kernel families that the CPU backend was built with and found on this machine.
std::string CpuFeatures() {
  const ggml_backend_reg_t reg =
      ggml_backend_dev_backend_reg(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU));
  const auto get = reinterpret_cast<ggml_backend_get_features_t>(
      ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features"));
  std::string text;
  if (get == nullptr) return text;
  for (const ggml_backend_feature* f = get(reg); f->name != nullptr; ++f) {
    text += std::string(" ") + f->name + "=" + f->value;
  }
  return text;
}

}  // namespace

std::string KernelFingerprint(const Model& model, bool exact) {
  const std::string device =
      IsCpu(model.device()) ? "" : fmt::format("; device {}", ggml_backend_dev_description(model.device()));
  return fmt::format("graph {}; ggml {} {}; CPU{}; repack={}; exact={}{}", kGraphVersion, ggml_version(),
                     ggml_commit(), CpuFeatures(), model.repack() ? 1 : 0, exact ? 1 : 0, device);
}

}  // namespace tandem
