// Prompts to measure with: a file of them, or ten of our own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem {

// The first `most` prompts of a file. A name that ends in .jsonl: an object a line, whose prompt is its
// `prompt` (as HumanEval's) or the first of its `turns` (as Spec-Bench's questions); else a prompt a line.
// Empty lines are passed over. kFile, with the line's number, for a line that is neither or is longer than 1
// MiB, for more than 64 MiB in all, and when there is no prompt.
Result<std::vector<std::string>> ReadPrompts(const std::string& path, size_t most);

// One line of a .jsonl file; kFile, without the line's number.
Result<std::string> PromptOfJson(std::string_view line);

// Ten fixed prompts on what people ask models about (machines that think, stars, a first program, ...), told
// as the beginnings of stories, so that a model that knows nothing but stories can go on with them.
const std::vector<std::string>& BuiltinPrompts();

}  // namespace tandem
