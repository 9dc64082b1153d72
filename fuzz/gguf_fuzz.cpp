// Hostile model files, and vocabularies of hostile clouds, at the front door: whatever CheckGguf lets
// through, ggml and libllama will read. And what the editor of metadata copies from a parsed header must be
// as long as the header says. Parts of models with their keys among them.
#include <algorithm>
#include <cstdlib>

#include "model/gguf_file.h"
#include "model/gguf_metadata.h"
#include "model/model_part.h"
#include "model/vocabulary_file.h"

namespace {

using namespace tandem;

void Expect(bool holds) {
  if (!holds) std::abort();
}

void CheckExtents(const GgufHeader& header, size_t file_size) {
  for (const GgufTensor& tensor : header.tensors()) {
    Expect(tensor.offset <= file_size && tensor.bytes <= file_size - tensor.offset);
    int64_t values = 1;
    for (const int64_t n : tensor.shape) {
      Expect(n >= 1 && values <= INT64_MAX / n);
      values *= n;
    }
    Expect(values % ggml_blck_size(tensor.type) == 0);
  }
}

void CheckValues(const GgufHeader& header) {
  for (const auto& [key, value] : header.values()) {
    Expect(header.Find(key) != nullptr);
    if (value.is_array && value.type == GgufType::kString) Expect(GgufTexts(value).size() == value.count);
  }
  GgufMetadata metadata = GgufMetadata::CopyOf(header);
  metadata.ResizeLayerArrays("llama.", 2, 3);
  metadata.ResizeArray("tokenizer.ggml.scores", 4, Bytes{0, 0, 0, 0});
}

// A part's ranges lie inside the model, apart from each other.
void CheckPart(const GgufHeader& header, bool loads) {
  constexpr int kLayers = 512;  // the most there may be
  const Result<ModelPart> part = ReadModelPart(header, kLayers);
  Expect(part || !loads || !IsModelPart(header));
  if (!part) return;
  int done = -1;
  for (const StageRange& range : part->stages) {
    Expect(range.begin > done && range.begin < range.end && range.end <= kLayers + 2);
    Expect(part->Holds(range) && !StagesText({&range, 1}, kLayers).empty());
    done = range.end;
  }
  for (const GgufTensor& tensor : header.tensors()) {
    const auto has_its_name = [&](const TensorHash& listed) { return listed.name == tensor.name; };
    Expect(std::any_of(part->tensors.begin(), part->tensors.end(), has_its_name));
  }
  (void)ModelIdentity({HashOfHyperparameters(header, "llama"), part->tensors});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView file(data, size);
  const Result<GgufHeader> header = GgufHeader::Parse(file);
  const Status checked = CheckGguf(file), as_vocabulary = CheckVocabularyFile(file);
  Expect(header || (!checked && !as_vocabulary));
  Expect(!as_vocabulary || header->tensors().empty());
  if (!header) return 0;
  CheckPart(*header, checked.has_value());
  CheckExtents(*header, size);
  CheckValues(*header);
  return 0;
}
