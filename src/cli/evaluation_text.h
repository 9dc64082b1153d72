// The text that a perplexity is measured on: a file, read within bounds, as a model's ids.
#pragma once

#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "lab/perplexity_run.h"

namespace tandem {

// The file's bytes. kFile when it cannot be read, is empty, or is longer than 64 MiB.
Result<std::string> ReadText(const std::string& path);

// Where the model's begin token stands, if its vocabulary puts one in front of texts.
enum class BosPlace { kNone, kText, kChunk };
const char* BosName(BosPlace place);  // "none", "text", "chunk"

struct TokenisedText {
  EvaluatedText text;  // windows as `plan` says
  BosPlace bos = BosPlace::kNone;
  Digest digest{};  // of the ids
};

// The file's text in the vocabulary of the model file: begin token, if the vocabulary wants one, once in
// front (kHf: "text"), and in place of every chunk's first token as well (kChunks: "chunk"); no special token
// is read out of the text. Errors as ReadText, Vocab::Load and PlanWindows; the sentence names the file.
Result<TokenisedText> ReadEvaluatedText(const std::string& path, const std::string& model,
                                        const WindowPlan& plan);

}  // namespace tandem
