// See model_part.h.
#include "model/model_part.h"

#include <algorithm>
#include <cstring>

namespace tandem {

namespace {

constexpr const char* kStages = "tandem.part.stages";
constexpr const char* kNames = "tandem.part.tensor_names";
constexpr const char* kHashes = "tandem.part.tensor_hashes";
constexpr size_t kMaxRanges = 512;  // as many as there may be layers

Result<const GgufValue*> Array(const GgufHeader& header, const char* key, GgufType type) {
  const GgufValue* value = header.Find(key);
  if (value == nullptr) return Fail(ErrorCode::kFile, "metadata '{}' is missing", key);
  if (!value->is_array || value->type != type)
    return Fail(ErrorCode::kFile, "metadata '{}' is not an array of GGUF's type {}", key,
                static_cast<uint32_t>(type));
  return value;
}

Result<std::vector<StageRange>> ReadStages(const GgufHeader& header, int layers) {
  const auto value = Array(header, kStages, GgufType::kU32);
  if (!value) return Forward(value);
  if ((*value)->count == 0 || (*value)->count % 2 != 0 || (*value)->count > 2 * kMaxRanges)
    return Fail(ErrorCode::kFile, "metadata '{}' has {} numbers, expected 1 to {} pairs", kStages,
                (*value)->count, kMaxRanges);
  std::vector<StageRange> stages;
  ByteReader in((*value)->bytes);
  uint32_t least = 0;
  for (uint64_t i = 0; i < (*value)->count / 2; ++i) {
    const uint32_t begin = in.U32(), end = in.U32();
    if (begin < least || begin >= end || end > static_cast<uint32_t>(layers) + 2)
      return Fail(ErrorCode::kFile, "metadata '{}' lists stages [{}, {}), expected a range from {} to {}",
                  kStages, begin, end, least, layers + 2);
    stages.push_back({static_cast<int>(begin), static_cast<int>(end)});
    least = end + 1;
  }
  return stages;
}

Result<std::vector<TensorHash>> ReadTensors(const GgufHeader& header) {
  const auto names = Array(header, kNames, GgufType::kString);
  if (!names) return Forward(names);
  const auto hashes = Array(header, kHashes, GgufType::kU8);
  if (!hashes) return Forward(hashes);
  if ((*hashes)->count / sizeof(Digest) != (*names)->count || (*hashes)->count % sizeof(Digest) != 0)
    return Fail(ErrorCode::kFile, "{} bytes of hashes do not belong to {} tensor names", (*hashes)->count,
                (*names)->count);
  std::vector<TensorHash> tensors;
  ByteReader in((*hashes)->bytes);
  for (std::string& name : GgufTexts(**names)) {
    tensors.push_back({std::move(name), {}});
    const ByteView digest = in.Raw(sizeof(Digest));
    std::copy(digest.begin(), digest.end(), tensors.back().digest.begin());
  }
  return tensors;
}

// Names are told apart and, in the cache of hashes, stand on a line each.
Status CheckNames(const GgufHeader& header, const std::vector<TensorHash>& tensors) {
  std::vector<std::string_view> names;
  for (const TensorHash& tensor : tensors) {
    const bool printable =
        std::none_of(tensor.name.begin(), tensor.name.end(), [](char c) { return c >= 0 && c < 32; });
    if (tensor.name.empty() || tensor.name.size() >= GGML_MAX_NAME || !printable)
      return Fail(ErrorCode::kFile, "metadata '{}' holds a name of {} bytes that no tensor can have", kNames,
                  tensor.name.size());
    names.push_back(tensor.name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    return Fail(ErrorCode::kFile, "metadata '{}' holds a name twice", kNames);
  for (const GgufTensor& tensor : header.tensors()) {
    if (!std::binary_search(names.begin(), names.end(), tensor.name))
      return Fail(ErrorCode::kFile, "tensor '{}' is none of the {} of the model it was cut from", tensor.name,
                  names.size());
  }
  return {};
}

Bytes U32s(const std::vector<StageRange>& stages) {
  ByteWriter out;
  for (const StageRange& range : stages) {
    out.U32(static_cast<uint32_t>(range.begin));
    out.U32(static_cast<uint32_t>(range.end));
  }
  return out.Take();
}

}  // namespace

bool ModelPart::Holds(StageRange range) const {
  return std::any_of(stages.begin(), stages.end(), [&](const StageRange& own) { return own.Holds(range); });
}

bool IsModelPart(const GgufHeader& header) {
  for (const char* key : {kStages, kPartVocabRows, kNames, kHashes}) {
    if (header.Find(key) != nullptr) return true;
  }
  return false;
}

Result<ModelPart> ReadModelPart(const GgufHeader& header, int layers) {
  auto stages = ReadStages(header, layers);
  if (!stages) return Forward(stages);
  auto tensors = ReadTensors(header);
  if (!tensors) return Forward(tensors);
  if (Status s = CheckNames(header, *tensors); !s) return Forward(s);
  return ModelPart{std::move(*stages), std::move(*tensors)};
}

void AddPartKeys(const ModelPart& part, int vocab_rows, GgufMetadata& metadata) {
  metadata.Set(kStages, {GgufType::kU32, true, part.stages.size() * 2, U32s(part.stages)});
  metadata.SetU32(kPartVocabRows, static_cast<uint32_t>(vocab_rows));
  std::vector<std::string> names;
  Bytes hashes;
  for (const TensorHash& tensor : part.tensors) {
    names.push_back(tensor.name);
    hashes.insert(hashes.end(), tensor.digest.begin(), tensor.digest.end());
  }
  metadata.SetTexts(kNames, names);
  const uint64_t count = hashes.size();
  metadata.Set(kHashes, {GgufType::kU8, true, count, std::move(hashes)});
}

}  // namespace tandem
