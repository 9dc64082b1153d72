// Compares the tensors of a file with those its architecture asks for.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "model/arch/arch.h"
#include "model/gguf_header.h"
#include "model/model_part.h"

namespace tandem {

// The file's tensor for a wish: itself or, for the head of a tied model, the embedding; null when optional
// and absent.
const GgufTensor* SourceOf(const GgufHeader& header, const TensorWish& wish);

// kFile when a required tensor is missing or has another shape; kModel when it has a type the backend cannot
// use here, or when the file holds tensors that the architecture does not know (they would silently be left
// out). Of a part, those of its stages are looked for and no others let through.
Status CheckTensors(const GgufHeader& header, const Arch& arch, const Hparams& hp,
                    const ModelPart* part = nullptr);

// The file's tensors that these stages use, in its order; the embedding among them for the head of a tied
// model.
std::vector<const GgufTensor*> TensorsOf(const GgufHeader& header, const Arch& arch, const Hparams& hp,
                                         std::span<const StageRange> stages);

}  // namespace tandem
