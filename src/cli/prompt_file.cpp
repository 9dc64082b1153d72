// See prompt_file.h.
#include "cli/prompt_file.h"

#include <fstream>

namespace tandem {

Result<std::vector<std::string>> ReadPrompts(const std::string& path, size_t most) {
  std::ifstream in(path);
  if (!in) return Fail(ErrorCode::kFile, "cannot read the prompts in {}", path);
  std::vector<std::string> prompts;
  for (std::string line; prompts.size() < most && std::getline(in, line);) {
    if (!line.empty()) prompts.push_back(std::move(line));
  }
  if (prompts.empty()) return Fail(ErrorCode::kFile, "{} holds no prompt", path);
  return prompts;
}

}  // namespace tandem
