// Who knows the weights of the first layers and the rows that they made can try tokens out: a row depends on
// its token and on those before it, so that from the left on each token is the one whose row comes nearest.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/row_codec.h"
#include "decode/model_at_cut.h"

namespace tandem {

struct Reencoding {
  std::vector<Token> proposals;  // [n, per_row]: for each row, distinct ids to try, best first
  size_t per_row = 0;            // 1 or more
  size_t candidates = 1;         // tried for each row at most
  size_t at_once = 1;            // of them in one step, at most ModelAtCutOptions::candidates
  // If given, candidates' rows pass through it before they are compared, each alone: for a codec that is
  // row-local the right one then is what was received, whatever the codec has destroyed.
  const RowCodec* codec = nullptr;
};

// Recovers the ids of a text from its rows at the cut, [n, width], as they came out of a codec. `known`: ids
// that the text begins with and the attacker knows, at most n. Candidates are the row's proposals and what
// the whole model finds likeliest after the ids recovered so far, in turn, until there are enough or one's
// row comes within a hundredth of the row's length; the nearest row in Euclid's distance wins. n ids. Costs
// for each id a step of the whole model over one row, and of the first layers over `at_once` rows once or
// more often.
Result<std::vector<Token>> Reencode(ModelAtCut& model, std::span<const float> rows,
                                    std::span<const Token> known, const Reencoding& plan);

}  // namespace tandem
