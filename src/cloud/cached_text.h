// What a sequence of the engine holds of a text, and what of it serves another text. Rows are shared bit for
// bit: only positions whose ids, and all ids before them, are equal, and which both texts compute by the same
// kernel classes (decode/prefill.h).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/types.h"
#include "decode/engine.h"

namespace tandem {

// An open sequence of an engine, closed with the lease.
class SequenceLease {
 public:
  SequenceLease(Engine& engine, SeqId seq) : engine_(engine), seq_(seq) {}
  ~SequenceLease() { engine_.Close(seq_); }
  SequenceLease(const SequenceLease&) = delete;
  SequenceLease& operator=(const SequenceLease&) = delete;

  Engine& engine() const { return engine_; }
  SeqId seq() const { return seq_; }

 private:
  Engine& engine_;
  SeqId seq_;
};

// Ids of a text with the prompts among them, borrowed.
struct TextView {
  std::span<const Token> ids;
  std::span<const PromptSpan> spans;
};

// A text that has ended and its cache.
struct CachedText {
  std::unique_ptr<SequenceLease> lease;
  std::vector<Token> ids;  // of the cached positions
  std::vector<PromptSpan> spans;

  TextView view() const { return {ids, spans}; }
};

// How many positions of `cached` are rows that `text` needs as well, up to a place from which its prefill can
// go on.
Pos SharedRows(const TextView& cached, const TextView& text);

}  // namespace tandem
