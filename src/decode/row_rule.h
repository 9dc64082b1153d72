// Which weights' products depend on how many rows are multiplied at once, and what to do about it. Measured
// with ggml 0.25 on AVX2 and AVX-512 (tests/kernel_rows_test.cpp measures it again on the machine at hand):
// most quantised types give a row the same bits at every row count; F32, F16, BF16 and IQ4_NL as it lies in
// the file take another kernel for a single row; the grid types (IQ1 to IQ3, IQ4_XS) for fewer than eight
// rows; Q2_K and Q4_K in their repacked layout for the last one to three rows that do not fill a group of
// four.
#pragma once

#include <string>

#include "decode/step_plan.h"
#include "model/model.h"

namespace tandem {

// The rule of one weight.
RowRule RowRuleOf(ggml_type type, bool repacked);

// The rule that satisfies every weight of the model's range at once.
RowRule RowRuleOf(const Model& model);

// Names of the weight types that need padding, for people; empty when none does.
std::string TypesThatNeedPadding(const Model& model);

}  // namespace tandem
