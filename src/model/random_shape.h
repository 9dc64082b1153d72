// Which tensors a random model has, of what shape, and how each is filled.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf_header.h"
#include "model/gguf_writer.h"
#include "model/hparams.h"
#include "model/random_model.h"

namespace tandem {

enum class TensorFill {
  kGaussian,  // deviation > 0
  kOnes,
  kCopy,  // as in the file it is like
};

struct RandomTensor {
  GgufTensorSpec spec;
  TensorFill fill = TensorFill::kOnes;
  float deviation = 0.0f;
  const GgufTensor* source = nullptr;  // of kCopy
};

// `like` with the figures of `spec` put in. kUsage, with the figures, when they do not fit together.
Result<Hparams> RandomShape(const Hparams& like, const RandomModelSpec& spec);

// The tensors of a model of that shape: globals as `like` orders them, then layer after layer; of another
// architecture than `like`'s those it asks for (model/arch/arch.h). Tensors that
// do not carry over, and types that rows do not fit, are told in `notes`. kModel for a tensor of unknown
// role.
Result<std::vector<RandomTensor>> RandomTensors(const GgufHeader& like, const Hparams& like_shape,
                                                const Hparams& shape, ggml_type type,
                                                std::vector<std::string>& notes);

}  // namespace tandem
