// What a model's file says of the model, for those who need not see its tensors.
#pragma once

#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "model/row_statistics.h"

namespace tandem {

struct ModelFacts {
  int layers = 0;        // of the whole model, also where the file is a part
  int width = 0;         // floats of a row of activations
  int first_layers = 0;  // that the file holds behind the embedding without a gap; 0 also where it lacks that
  double layer_values = 0;            // weights of a layer, about: what a row's step reads of it
  double head_values = 0;             // ... and of the head
  Digest identity{};                  // ModelIdentity (model/tensor_hashes.h)
  std::vector<RowStatistics> rows{};  // at cuts, where the file knows some
};

// Errors as OpenGguf, ReadHparams, ReadRowStatistics and IdentityOf, which takes as long as hashing the file,
// once.
Result<ModelFacts> FactsOf(const std::string& path);

}  // namespace tandem
