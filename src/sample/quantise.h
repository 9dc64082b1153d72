// The edge's side of the block-wise rules: a warped draft distribution becomes a sparse law on a grid, and
// the draft is drawn from that law, not from the dense one: the cloud can only judge by what it was sent.
// (The scheme is that of "Quantize-Sample-and-Verify", arXiv 2507.00605, and of K-SQS, arXiv 2510.09942.)
#pragma once

#include "base/sparse_draft.h"
#include "sample/draws.h"
#include "sample/warp.h"

namespace tandem {

// The max_ids likeliest candidates share the lattice by largest remainders (the nearest law of the grid to
// them, in total variation); what is left with nothing is dropped. A pure function: equal distributions,
// equal laws, and none from none. The grid must have passed Check, and the ids lie in its vocabulary.
SparseDraft Quantise(const Distribution& draft, const DraftGrid& grid);

// The draft for `position` of the block. The block's length up to here must have been settled before: see
// docs/rules.md. kNoToken for an empty law.
Token DrawDraft(const SparseDraft& law, const BlockKey& block, Pos position, Draws& draws);

}  // namespace tandem
