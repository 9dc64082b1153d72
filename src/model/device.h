// The devices that this build of ggml can compute on: the CPU always, and whatever else ggml was built with
// (CUDA, Vulkan, ...).
#pragma once

#include <ggml-backend.h>

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tandem {

ggml_backend_dev_t CpuDevice();
inline bool IsCpu(ggml_backend_dev_t device) {
  return device == CpuDevice();
}

// "auto": the first GPU, else the CPU; "cpu"; or a device by ggml's name for it ("CUDA0", "Vulkan1").
// kUsage with the names there are.
Result<ggml_backend_dev_t> FindDevice(const std::string& name);

// Bytes of the device's memory that nobody uses, or that the system would give; 0: unknown.
size_t FreeMemory(ggml_backend_dev_t device);

}  // namespace tandem
