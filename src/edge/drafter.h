// The edge's own model following a text: keeps a sequence of its engine in step with the ids it is shown,
// whatever was appended or taken back since, and says which rows must be computed for the logits that come
// next.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/types.h"
#include "decode/engine.h"
#include "decode/prefill.h"

namespace tandem {

class Drafter {
 public:
  // engine must outlive this. spans: which positions came as prompts (decode/prefill.h).
  Drafter(Engine& engine, std::vector<PromptSpan> spans);
  ~Drafter();
  Drafter(const Drafter&) = delete;
  Drafter& operator=(const Drafter&) = delete;

  // The next chunk on the way to the logits after `text` (not empty). `logits` of the returned rows is 1 in
  // the last chunk, else 0. The rows live here until Done or Failed. kContext when the text is longer than
  // the engine's context.
  Result<SeqRows> Next(std::span<const Token> text);
  void Done();    // the rows of the last Next are in the cache
  void Failed();  // they are not

  Pos context() const { return engine_.info().context; }

 private:
  Status Rewind(Pos length);

  Engine& engine_;
  std::vector<PromptSpan> spans_;
  std::optional<SeqId> seq_;
  std::vector<Token> cached_;  // what the sequence holds
  std::vector<Token> rows_;    // of the step under way
};

}  // namespace tandem
