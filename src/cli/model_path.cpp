// See model_path.h.
#include "cli/model_path.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/user_cache.h"

namespace tandem {

namespace fs = std::filesystem;

namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<fs::path> ModelFolders() {
  std::vector<fs::path> folders = {"models"};
  if (std::string program = ProgramFolder(); !program.empty()) {
    folders.push_back(fs::path(program).parent_path() / "models");
  }
  if (std::string named = Environment("TANDEM_MODELS"); !named.empty()) folders.emplace_back(named);
  return folders;
}

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

Result<std::string> FindModel(const std::string& name) {
  if (name.empty()) return Fail(ErrorCode::kUsage, "the model's name is empty");
  if (IsThere(name)) return name;
  if (name.find('/') != std::string::npos) return Fail(ErrorCode::kFile, "{}: no such file", name);
  std::string searched;
  for (const fs::path& folder : ModelFolders()) {
    for (const std::string& file : {name, name + ".gguf"}) {
      if (IsThere(folder / file)) return (folder / file).string();
    }
    searched += fmt::format("{}{}", searched.empty() ? "" : ", ", folder.string());
  }
  return Fail(ErrorCode::kFile, "{}: no such file, neither here nor in {}", name, searched);
}

std::string ProgramFolder() {
  std::error_code failed;
  fs::path program = fs::read_symlink("/proc/self/exe", failed);
  return failed ? "" : program.parent_path().string();
}

std::string CacheFolder() {
  if (std::string cache = UserCacheFolder(); !cache.empty()) return cache;
  std::string temporary = Environment("TMPDIR");
  return fmt::format("{}/tandem-{}", temporary.empty() ? "/tmp" : temporary, getuid());
}

}  // namespace tandem
