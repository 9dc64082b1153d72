// See tensor_check.h.
#include "model/tensor_check.h"

#include <algorithm>
#include <unordered_set>

namespace tandem {

namespace {

// Types that every backend can multiply by and pick rows from; the rest are of intermediate results (Q8_1,
// Q8_K) or plain numbers.
bool IsWeightType(ggml_type type) {
  if (type == GGML_TYPE_F32 || type == GGML_TYPE_F16 || type == GGML_TYPE_BF16) return true;
  return ggml_is_quantized(type) && type != GGML_TYPE_Q8_1 && type != GGML_TYPE_Q8_K;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

Status CheckOne(const TensorWish& wish, const GgufTensor& tensor) {
  std::vector<int64_t> shape(tensor.shape.begin(), tensor.shape.end());
  while (shape.size() > wish.shape.size() && shape.back() == 1) shape.pop_back();
  if (shape != wish.shape)
    return Fail(ErrorCode::kFile, "tensor '{}' has the shape {}, expected {}", tensor.name, ShapeText(shape),
                ShapeText(wish.shape));
  const bool usable =
      wish.use == TensorUse::kVector ? tensor.type == GGML_TYPE_F32 : IsWeightType(tensor.type);
  if (!usable)
    return Fail(ErrorCode::kModel, "tensor '{}' has the type {}, which cannot be used there", tensor.name,
                ggml_type_name(tensor.type));
  return {};
}

bool IsUnused(const Arch& arch, std::string_view name) {
  return std::any_of(arch.unused.begin(), arch.unused.end(),
                     [&](auto suffix) { return name.ends_with(suffix); });
}

// Of all ranges; the slots, which would point into one range's weights each, are of no use.
TensorWishes AllWishes(const Arch& arch, const Hparams& hp, std::span<const StageRange> stages) {
  TensorWishes all;
  for (const StageRange& range : stages) {
    Weights weights;
    TensorWishes wishes = WishesOf(arch, hp, range.FirstLayer(), range.LastLayer(hp.layers),
                                   range.HasEmbedding(), range.HasHead(hp.layers), weights);
    for (TensorWish& wish : wishes) {
      wish.slot = nullptr;
      all.push_back(std::move(wish));
    }
  }
  return all;
}

}  // namespace

const GgufTensor* SourceOf(const GgufHeader& header, const TensorWish& wish) {
  const GgufTensor* tensor = header.FindTensor(wish.name);
  if (tensor == nullptr && wish.name == "output.weight" && !wish.required)
    return header.FindTensor("token_embd.weight");
  return tensor;
}

Status CheckTensors(const GgufHeader& header, const Arch& arch, const Hparams& hp, const ModelPart* part) {
  std::unordered_set<std::string_view> listed;
  if (part != nullptr) {
    for (const TensorHash& tensor : part->tensors) listed.insert(tensor.name);
  }
  const std::vector<StageRange> stages = part != nullptr ? part->stages : std::vector{WholeModel(hp.layers)};
  std::unordered_set<std::string_view> known;
  for (const TensorWish& wish : AllWishes(arch, hp, stages)) {
    const GgufTensor* tensor = SourceOf(header, wish);
    const bool lost = listed.contains(wish.name) && header.FindTensor(wish.name) == nullptr;
    if (lost || (tensor == nullptr && wish.required))
      return Fail(ErrorCode::kFile, "tensor '{}' is missing", wish.name);
    if (tensor == nullptr) continue;
    known.insert(tensor->name);
    if (Status s = CheckOne(wish, *tensor); !s) return s;
  }
  for (const GgufTensor& tensor : header.tensors()) {
    if (!known.contains(tensor.name) && !IsUnused(arch, tensor.name))
      return Fail(ErrorCode::kModel, "tensor '{}' has no place in {}", tensor.name,
                  part == nullptr ? "the architecture " + hp.arch : StagesText(stages, hp.layers));
  }
  return {};
}

std::vector<const GgufTensor*> TensorsOf(const GgufHeader& header, const Arch& arch, const Hparams& hp,
                                         std::span<const StageRange> stages) {
  std::unordered_set<const GgufTensor*> used;
  for (const TensorWish& wish : AllWishes(arch, hp, stages)) used.insert(SourceOf(header, wish));
  std::vector<const GgufTensor*> tensors;
  for (const GgufTensor& tensor : header.tensors()) {
    if (used.contains(&tensor)) tensors.push_back(&tensor);
  }
  return tensors;
}

}  // namespace tandem
