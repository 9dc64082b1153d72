// A part of a model: a GGUF with all metadata of the whole (its layer count included, so that stages are
// numbered as there) and the tensors of some ranges of stages. Keys of its own say which:
//   tandem.part.stages         u32 array, begin and end of each range (model/stages.h)
//   tandem.part.vocab_rows     u32, rows of the embedding, which the part may lack
//   tandem.part.tensor_names   string array, every tensor of the whole
//   tandem.part.tensor_hashes  u8 array, 32 bytes a name: TensorHash::digest
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf_header.h"
#include "model/gguf_metadata.h"
#include "model/hparams.h"
#include "model/stages.h"
#include "model/tensor_hashes.h"

namespace tandem {

inline constexpr const char* kPartVocabRows = "tandem.part.vocab_rows";

struct ModelPart {
  std::vector<StageRange> stages;   // in order, a gap between any two
  std::vector<TensorHash> tensors;  // of the whole model, in its file's order

  bool Holds(StageRange range) const;  // inside one of `stages`
};

bool IsModelPart(const GgufHeader& header);  // has any of the keys above

// layers: of the whole, as the header says. kFile for keys that are missing, of another kind, or make no
// sense together, and for a tensor of the file that the whole has not.
Result<ModelPart> ReadModelPart(const GgufHeader& header, int layers);

// Adds the keys to metadata copied from the whole.
void AddPartKeys(const ModelPart& part, int vocab_rows, GgufMetadata& metadata);

}  // namespace tandem
