// Codec `sqs`: a drafted block (its ids and the sparse laws they were drawn from) as one whole number. A law
// of K ids costs what naming one of all such laws must, log2 C(V, K) + log2 C(l - 1, K - 1) bits, its size
// log2(max_ids) and the drafted id log2(l / its count); the block is rounded up to bytes once.
//
// Layout, as digits from the first that a decoder pops (integer_stack.h):
//   g                   base max_drafts + 1
//   for each draft:
//     K - 1             base max_ids
//     the ids           as a set out of vocab
//     the counts        as the set of the places, out of l - 1, where one id's shares end and the next begin
//     the drafted id    a share of l, ids in the order of falling counts, then of rising ids
// A set of m out of n (of the n - m others, where these are fewer) is m digits, each with the order in which
// it came taken back from the number: of base n, n - 1, .. and 1, 2, ..
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sparse_draft.h"

namespace tandem {

// What blocks there are; both sides of a session hold the same shape.
struct SqsShape {
  DraftGrid grid;
  int32_t max_drafts = 16;  // of a block, at least 1; max_drafts * grid.max_ids is at most kMaxSqsIds
};

// Bounds the work of a hostile block: decoding is quadratic in its ids.
constexpr int32_t kMaxSqsIds = 1024;

struct SqsBlock {
  std::vector<Token> ids{};
  std::vector<SparseDraft> laws{};  // one an id
  friend bool operator==(const SqsBlock&, const SqsBlock&) = default;
};

Status Check(const SqsShape& shape);  // kUsage with the offending figure

// The shape must have passed Check. kProtocol for a block that is none of the shape's: too many drafts, or as
// CheckDrafted says. A block without drafts is no bytes.
Result<Bytes> EncodeSqs(const SqsBlock& block, const SqsShape& shape);

// Any bytes: a block of the shape (it has passed CheckDrafted) that encodes to these very bytes, or kProtocol
// with a sentence. Allocates less than 64 bytes an id of the shape.
Result<SqsBlock> DecodeSqs(ByteView bytes, const SqsShape& shape);

// The combinatorial bound of a law with k ids, in bits: log2 C(vocab, k) + log2 C(lattice - 1, k - 1).
double SqsLawBits(const DraftGrid& grid, int32_t k);

// No block of the shape takes more bytes.
size_t SqsByteLimit(const SqsShape& shape);

}  // namespace tandem
