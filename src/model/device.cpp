// See device.h.
#include "model/device.h"

#include <fstream>

namespace tandem {

namespace {

std::string DeviceNames() {
  std::string names = "auto, cpu";
  for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const ggml_backend_dev_t device = ggml_backend_dev_get(i);
    if (!IsCpu(device)) names += fmt::format(", {}", ggml_backend_dev_name(device));
  }
  return names;
}

}  // namespace

ggml_backend_dev_t CpuDevice() {
  return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
}

Result<ggml_backend_dev_t> FindDevice(const std::string& name) {
  if (name == "cpu") return CpuDevice();
  if (name == "auto") {
    const ggml_backend_dev_t gpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    return gpu != nullptr ? gpu : CpuDevice();
  }
  if (const ggml_backend_dev_t device = ggml_backend_dev_by_name(name.c_str())) return device;
  return Fail(ErrorCode::kUsage, "there is no device '{}'; this build of ggml has {}", name, DeviceNames());
}

size_t FreeMemory(ggml_backend_dev_t device) {
  if (!IsCpu(device)) {
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    return free;
  }
  // ggml says all there is for the CPU. The page cache counts as free: the system gives it back.
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (size_t kilobytes = 0; file >> name >> kilobytes; file.ignore(64, '\n')) {
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return 0;
}

}  // namespace tandem
