// See batch_check.h.
#include "decode/batch_check.h"

#include <unordered_set>

#include "decode/prefill.h"

namespace tandem {

namespace {

Status Check(const RowsAsked& part, Pos context) {
  if (!part.open) return Fail(ErrorCode::kUsage, "sequence {} is not open", part.seq);
  if (part.rows < 1) return Fail(ErrorCode::kUsage, "sequence {} has {} rows in a step", part.seq, part.rows);
  if (part.first != part.length)
    return Fail(ErrorCode::kUsage, "sequence {} goes on at position {}, not at {}", part.seq, part.length,
                part.first);
  if (part.logits < 0 || part.logits > part.rows)
    return Fail(ErrorCode::kUsage, "sequence {} wants {} of {} rows", part.seq, part.logits, part.rows);
  if (part.bulk && (part.rows % kBulkRows != 0 || part.first % kBulkRows != 0))
    return Fail(ErrorCode::kUsage, "{} bulk rows at {} are not whole blocks of {}", part.rows, part.first,
                kBulkRows);
  if (part.rows > context - part.length)
    return Fail(ErrorCode::kContext, "{} rows after position {} exceed the context of {}", part.rows,
                part.length, context);
  return {};
}

}  // namespace

Status CheckBatch(std::span<const RowsAsked> batch, const EngineInfo& info) {
  if (batch.empty()) return Fail(ErrorCode::kUsage, "a step without rows");
  std::unordered_set<SeqId> seen;
  int64_t rows = 0;
  for (const RowsAsked& part : batch) {
    if (!seen.insert(part.seq).second)
      return Fail(ErrorCode::kUsage, "sequence {} appears twice in a step", part.seq);
    if (Status s = Check(part, info.context); !s) return s;
    rows += part.rows;
  }
  if (rows > info.max_rows)
    return Fail(ErrorCode::kUsage, "a step of {} rows, at most {}", rows, info.max_rows);
  return {};
}

Status CheckIds(std::span<const Token> ids, int vocab) {
  for (const Token id : ids) {
    if (id < 0 || id >= vocab)
      return Fail(ErrorCode::kUsage, "id {} is outside the vocabulary of {}", id, vocab);
  }
  return {};
}

Status CheckCopy(const Engine& engine, SeqId from, Pos length, SeqId to) {
  if (from == to) return Fail(ErrorCode::kUsage, "sequence {} cannot be copied to itself", from);
  if (length < engine.Length(to) || length > engine.Length(from))
    return Fail(ErrorCode::kUsage, "cannot extend a sequence of {} positions to {} from one of {}",
                engine.Length(to), length, engine.Length(from));
  return {};
}

}  // namespace tandem
