// The rules of Engine::Step's batches, one place for every engine.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "decode/engine.h"

namespace tandem {

// New rows of one sequence as a step asks for them, and what the engine knows of that sequence.
struct RowsAsked {
  SeqId seq = 0;
  Pos first = 0;
  int64_t rows = 0;
  bool bulk = false;
  int logits = 0;
  bool open = false;  // the engine knows the sequence
  Pos length = 0;     // ... and it holds so many positions
};

// kUsage when the batch breaks the rules of Engine::Step, kContext when it does not fit, each with the
// figures.
Status CheckBatch(std::span<const RowsAsked> batch, const EngineInfo& info);

// The rules of Engine::Copy.
Status CheckCopy(const Engine& engine, SeqId from, Pos length, SeqId to);

// kUsage unless 0 <= id < vocab.
Status CheckIds(std::span<const Token> ids, int vocab);

}  // namespace tandem
