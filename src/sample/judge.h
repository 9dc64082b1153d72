// The cloud's side of speculation: what of a drafted block stands, and which token follows. Three rules
// behind one call; docs/rules.md tells their laws, keys and prices.
//
//  - coupled: a draft stands while it equals the target's own race at (seed, position). One seed, one text.
//  - token: a draft x stands with probability min(1, p(x) / q(x)); the first that falls is replaced by a draw
//    from norm(max(0, p - q)) over all tokens (arXiv 2211.17192 and 2302.01318). The target's law.
//  - block: acceptance of whole prefixes (arXiv 2403.10444), with P_0 = 1, P_i = min(1, P_{i-1} p_i / q_i),
//    S_i = sum max(0, P_i p_{i+1} - q_{i+1}): prefix i is accepted with probability h_i = S_i / (S_i + 1 -
//    P_i), the whole block with P_g; the longest accepted prefix stands, and norm(max(0, P p - q)) follows.
//    The target's law, and in expectation never fewer tokens than `token`.
//
// p is the target's warped law, q the sparse law that the draft was drawn from. Decided on doubles: the law
// of the text is p's up to rounding, about 1e-16 a token.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/rule.h"
#include "base/sparse_draft.h"
#include "sample/draws.h"
#include "sample/warp.h"

namespace tandem {

// What is judged. Peer input must have passed CheckDrafted first (laws that do not fit ids are judged as if
// the draft had no chance, never read past their end).
struct DraftBlock {
  BlockKey key{};
  std::span<const Token> ids{};         // g drafts for positions key.base ..
  std::span<const SparseDraft> laws{};  // what each was drawn from; empty for Rule::kCoupled
  // After g drafts that stand, take one token more from the same forward. `token` and `block` should not
  // while later drafts are in flight: the text that these continue is the one without it.
  bool bonus = true;
};

// Drafts [0, accepted) stand; `token` follows them. kNoToken only where everything stood and no bonus was
// asked for: the wire must be able to carry a verdict without a token.
struct Ruling {
  int32_t accepted = 0;
  Token token = kNoToken;
  friend bool operator==(const Ruling&, const Ruling&) = default;
};

// The target's laws at positions base + row, row 0..g, each with the drafts before it as history.
class TargetLaws {
 public:
  virtual ~TargetLaws() = default;
  // Valid until the next call. Rows are asked for as they are needed, some twice, row g only for a bonus.
  virtual const Distribution& At(size_t row) = 0;
};

// Pure but for `draws`, which `coupled` does not use (its race is addressed by seed and position alone). A
// law without candidates gives kNoToken. Cost: one warp a row, `block` one more; a walk over the candidates
// where something is summed or drawn.
Ruling Judge(Rule rule, const DraftBlock& block, TargetLaws& target, Draws& draws);

// TargetLaws out of logits: warps a row when it is asked for.
class WarpedLaws final : public TargetLaws {
 public:
  using Logits = std::function<std::span<const float>(size_t row)>;  // of position text.size() + row

  // text: all ids before the block. warper and what logits refers to must outlive this.
  WarpedLaws(Warper& warper, std::span<const Token> text, std::span<const Token> drafted, Logits logits);
  const Distribution& At(size_t row) override;

 private:
  Warper& warper_;
  std::vector<Token> text_;  // with the drafts
  size_t base_;
  Logits logits_;
};

}  // namespace tandem
