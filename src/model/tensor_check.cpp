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

}  // namespace

const GgufTensor* SourceOf(const GgufHeader& header, const TensorWish& wish) {
  const GgufTensor* tensor = header.FindTensor(wish.name);
  if (tensor == nullptr && wish.name == "output.weight" && !wish.required)
    return header.FindTensor("token_embd.weight");
  return tensor;
}

Status CheckTensors(const GgufHeader& header, const Arch& arch, const Hparams& hp) {
  Weights weights;
  const TensorWishes wishes = WishesOf(arch, hp, 0, hp.layers, true, true, weights);
  std::unordered_set<std::string_view> known;
  for (const TensorWish& wish : wishes) {
    known.insert(wish.name);
    const GgufTensor* tensor = SourceOf(header, wish);
    if (tensor == nullptr && wish.required)
      return Fail(ErrorCode::kFile, "tensor '{}' is missing", wish.name);
    if (tensor == nullptr) continue;
    if (Status s = CheckOne(wish, *tensor); !s) return s;
  }
  for (const GgufTensor& tensor : header.tensors()) {
    if (!known.contains(tensor.name) && !IsUnused(arch, tensor.name))
      return Fail(ErrorCode::kModel, "tensor '{}' has no place in the architecture {}", tensor.name, hp.arch);
  }
  return {};
}

}  // namespace tandem
