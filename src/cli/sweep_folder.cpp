// See sweep_folder.h.
#include "cli/sweep_folder.h"

#include <fmt/chrono.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/user_cache.h"
#include "cli/output.h"

namespace tandem {

namespace {

constexpr size_t kMostParams = 1 << 20;

std::string NameOfNow() {
  return fmt::format("experiment_{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
}

ByteView BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

Result<SweepFolder> SweepFolder::Open(const std::string& path, const std::string& params) {
  SweepFolder folder(path.empty() ? NameOfNow() : path);
  const std::string copy = folder.path_ + "/params.json";
  std::error_code error;
  if (std::filesystem::exists(copy, error)) {
    const auto held = ReadWhole(copy, kMostParams);
    if (!held || std::string(held->begin(), held->end()) != params)
      return Fail(ErrorCode::kUsage, "{} holds a sweep of other params", folder.path_);
    return folder;
  }
  if (Status s = WriteWhole(copy, BytesOf(params)); !s) return Forward(s);
  return folder;
}

Status SweepFolder::Put(const std::string& name, const std::string& text) const {
  return WriteWhole(path_ + "/" + name, BytesOf(text));
}

Status SweepFolder::Write(const SweepReport& report) const {
  Status status = Put("results.json", JsonText(ToJson(report)) + "\n");
  if (status) status = Put("results.txt", ReportText(report));
  if (status) status = Put("bytes.svg", Svg(BytesChart(report)));
  for (const auto& [name, map] : RatioMaps(report)) {
    if (status) status = Put(name + ".svg", Svg(map));
  }
  return status;
}

}  // namespace tandem
