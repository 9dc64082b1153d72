// The negative log-likelihood of tokens under rows of logits: log-softmax in double.
#pragma once

#include <functional>
#include <span>

#include "base/types.h"

namespace tandem {

// -log softmax(logits)[target], in nats. `target` indexes logits. Sums in a fixed order: equal logits, equal
// loss, on every thread of a machine; machines with and without AVX2 differ by 1e-15 of it.
double TokenLoss(std::span<const float> logits, Token target);

// The sum of the rows' losses, added up in row order. row(i): the i-th row of logits, called from `threads`
// threads at most; for little work from one.
double SumOfLosses(const std::function<std::span<const float>(size_t)>& row, std::span<const Token> targets,
                   int threads);

}  // namespace tandem
