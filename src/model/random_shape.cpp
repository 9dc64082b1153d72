// Shapes of a random model's tensors, see random_shape.h.
#include "model/random_shape.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace tandem {
namespace {

constexpr int kMaxLayers = 512, kMaxWidth = 1 << 16, kMaxFf = 1 << 19, kMaxVocab = 1 << 20,
              kMaxContext = 1 << 20;
constexpr float kBiasDeviation = 0.02f;
// Of embedding and head, times sqrt(width): logits spread by about 3, as a trained model's do.
constexpr float kLogitSpread = 3.0f;

enum class Role { kMatrix, kToResidual, kEmbedding, kBias, kNorm, kRopeFactors, kDropped };
enum class Side { kOne, kWidth, kQ, kKv, kFf, kVocab, kHead, kHalfRope };

struct RoleRule {
  std::string_view name;  // without "blk.N."
  Role role;
  Side columns, rows;
};

constexpr RoleRule kRules[] = {
    {"token_embd.weight", Role::kEmbedding, Side::kWidth, Side::kVocab},
    {"output.weight", Role::kEmbedding, Side::kWidth, Side::kVocab},
    {"output.bias", Role::kBias, Side::kVocab, Side::kOne},
    {"output_norm.weight", Role::kNorm, Side::kWidth, Side::kOne},
    {"rope_freqs.weight", Role::kRopeFactors, Side::kHalfRope, Side::kOne},
    {"attn_norm.weight", Role::kNorm, Side::kWidth, Side::kOne},
    {"attn_q.weight", Role::kMatrix, Side::kWidth, Side::kQ},
    {"attn_k.weight", Role::kMatrix, Side::kWidth, Side::kKv},
    {"attn_v.weight", Role::kMatrix, Side::kWidth, Side::kKv},
    {"attn_output.weight", Role::kToResidual, Side::kQ, Side::kWidth},
    {"attn_q.bias", Role::kBias, Side::kQ, Side::kOne},
    {"attn_k.bias", Role::kBias, Side::kKv, Side::kOne},
    {"attn_v.bias", Role::kBias, Side::kKv, Side::kOne},
    {"attn_output.bias", Role::kBias, Side::kWidth, Side::kOne},
    {"attn_q_norm.weight", Role::kNorm, Side::kHead, Side::kOne},
    {"attn_k_norm.weight", Role::kNorm, Side::kHead, Side::kOne},
    {"ffn_norm.weight", Role::kNorm, Side::kWidth, Side::kOne},
    {"ffn_gate.weight", Role::kMatrix, Side::kWidth, Side::kFf},
    {"ffn_up.weight", Role::kMatrix, Side::kWidth, Side::kFf},
    {"ffn_down.weight", Role::kToResidual, Side::kFf, Side::kWidth},
    {"ffn_gate.bias", Role::kBias, Side::kFf, Side::kOne},
    {"ffn_up.bias", Role::kBias, Side::kFf, Side::kOne},
    {"ffn_down.bias", Role::kBias, Side::kWidth, Side::kOne},
};

// Scales that belong to the weights of `like`, and a classifier that no text needs.
bool IsDropped(std::string_view name) {
  return name.ends_with(".scale") || name.ends_with(".input_scale") || name.starts_with("cls.");
}

const RoleRule* FindRule(std::string_view name) {
  const auto it =
      std::find_if(std::begin(kRules), std::end(kRules), [&](const RoleRule& r) { return r.name == name; });
  return it == std::end(kRules) ? nullptr : it;
}

int64_t Length(const Hparams& shape, Side side) {
  switch (side) {
    case Side::kOne:
      return 1;
    case Side::kWidth:
      return shape.width;
    case Side::kQ:
      return shape.q_width();
    case Side::kKv:
      return shape.kv_width();
    case Side::kFf:
      return shape.ff;
    case Side::kVocab:
      return shape.vocab_rows;
    case Side::kHead:
      return shape.head_dim;
    case Side::kHalfRope:
      return shape.rope.dims / 2;
  }
  return 0;
}

Status CheckRange(const char* what, int value, int most) {
  if (value >= 1 && value <= most) return {};
  return Fail(ErrorCode::kUsage, "{} of a model must be 1 to {}, not {}", what, most, value);
}

Status CheckRanges(const Hparams& s) {
  for (const auto& [what, value, most] : {std::tuple{"layers", s.layers, kMaxLayers},
                                          {"width", s.width, kMaxWidth},
                                          {"heads", s.heads, kMaxWidth},
                                          {"KV heads", s.kv_heads, kMaxWidth},
                                          {"feed-forward width", s.ff, kMaxFf},
                                          {"vocabulary", s.vocab_rows, kMaxVocab},
                                          {"context", s.context, kMaxContext}}) {
    if (Status status = CheckRange(what, value, most); !status) return status;
  }
  return {};
}

float Deviation(const RoleRule& rule, const Hparams& shape) {
  const float fan_in = static_cast<float>(Length(shape, rule.columns));
  switch (rule.role) {
    case Role::kEmbedding:
      return kLogitSpread / std::sqrt(fan_in);
    case Role::kToResidual:
      return 1.0f / std::sqrt(fan_in * 2.0f * static_cast<float>(shape.layers));
    case Role::kBias:
      return kBiasDeviation;
    default:
      return 1.0f / std::sqrt(fan_in);
  }
}

// The type asked for, or the next one whose blocks fit the rows.
ggml_type FittingType(ggml_type type, int64_t columns) {
  for (const ggml_type fitting : {type, GGML_TYPE_Q8_0}) {
    if (columns % ggml_blck_size(fitting) == 0) return fitting;
  }
  return GGML_TYPE_F16;
}

class TensorList {
 public:
  TensorList(const Hparams& like, const Hparams& shape, ggml_type type, std::vector<std::string>& notes)
      : like_(like), shape_(shape), type_(type), notes_(notes) {}

  Status Add(const std::string& prefix, const GgufTensor& source) {
    const std::string_view suffix =
        std::string_view(source.name)
            .substr(source.name.starts_with("blk.") ? source.name.find('.', 4) + 1 : 0);
    if (IsDropped(suffix)) {
      Note(fmt::format("{} is left out: it belongs to the weights that are not kept.", suffix));
      return {};
    }
    const RoleRule* rule = FindRule(suffix);
    if (rule == nullptr) {
      return Fail(ErrorCode::kModel, "a random model cannot have tensor {}: its role is unknown",
                  source.name);
    }
    RandomTensor tensor;
    tensor.spec = {prefix + std::string(suffix),
                   GGML_TYPE_F32,
                   {Length(shape_, rule->columns), Length(shape_, rule->rows), 1, 1}};
    if (!Fill(*rule, source, tensor)) return {};
    tensors_.push_back(std::move(tensor));
    return {};
  }

  std::vector<RandomTensor> Take() { return std::move(tensors_); }

 private:
  // False when the tensor is left out.
  bool Fill(const RoleRule& rule, const GgufTensor& source, RandomTensor& tensor) {
    switch (rule.role) {
      case Role::kNorm:
        return true;
      case Role::kRopeFactors:
        return CopyRope(source, tensor);
      case Role::kBias:
        break;
      default:
        SetType(rule, tensor.spec);
        break;
    }
    tensor.fill = TensorFill::kGaussian;
    tensor.deviation = Deviation(rule, shape_);
    return true;
  }

  bool CopyRope(const GgufTensor& source, RandomTensor& tensor) {
    if (shape_.rope.dims != like_.rope.dims) {
      Note(fmt::format("{} is left out: heads turn {} dimensions, it was made for {}.", source.name,
                       shape_.rope.dims, like_.rope.dims));
      return false;
    }
    tensor.spec.type = source.type;
    tensor.fill = TensorFill::kCopy;
    tensor.source = &source;
    return true;
  }

  void SetType(const RoleRule& rule, GgufTensorSpec& spec) {
    spec.type = FittingType(type_, spec.ne[0]);
    if (spec.type == type_) return;
    Note(fmt::format("{} is written in {}: rows of {} values are not a multiple of {}'s block of {}.",
                     rule.name, ggml_type_name(spec.type), spec.ne[0], ggml_type_name(type_),
                     ggml_blck_size(type_)));
  }

  // The same holds for every layer, and is said once.
  void Note(std::string note) {
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(std::move(note));
  }

  const Hparams& like_;
  const Hparams& shape_;
  ggml_type type_;
  std::vector<std::string>& notes_;
  std::vector<RandomTensor> tensors_;
};

}  // namespace

Result<Hparams> RandomShape(const Hparams& like, const RandomModelSpec& spec) {
  Hparams s = like;
  s.layers = spec.layers.value_or(like.layers);
  s.width = spec.width.value_or(like.width);
  s.heads = spec.heads.value_or(like.heads);
  s.kv_heads = spec.kv_heads.value_or(like.kv_heads == like.heads ? s.heads : like.kv_heads);
  s.ff = spec.ff.value_or(like.ff);
  s.vocab_rows = spec.vocab.value_or(like.vocab_rows);
  s.vocab_size = spec.vocab.value_or(like.vocab_size);
  s.context = spec.context.value_or(like.context);
  if (Status status = CheckRanges(s); !status) return Forward(status);
  const bool own_head_dim = like.q_width() != like.width;
  if (!own_head_dim) {
    if (s.width % s.heads != 0) {
      return Fail(ErrorCode::kUsage, "a width of {} does not divide into {} heads", s.width, s.heads);
    }
    s.head_dim = s.width / s.heads;
  }
  if (s.head_dim % 2 != 0) {
    return Fail(ErrorCode::kUsage, "a head of {} dimensions (width {}, {} heads) cannot be rotated in pairs",
                s.head_dim, s.width, s.heads);
  }
  if (s.heads % s.kv_heads != 0) {
    return Fail(ErrorCode::kUsage, "{} heads cannot share {} KV heads evenly", s.heads, s.kv_heads);
  }
  s.rope.dims = s.head_dim;
  return s;
}

Result<std::vector<RandomTensor>> RandomTensors(const GgufHeader& like, const Hparams& like_shape,
                                                const Hparams& shape, ggml_type type,
                                                std::vector<std::string>& notes) {
  TensorList list(like_shape, shape, type, notes);
  for (const GgufTensor& tensor : like.tensors()) {
    if (tensor.name.starts_with("blk.")) continue;
    if (Status s = list.Add("", tensor); !s) return Forward(s);
  }
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string source = fmt::format("blk.{}.", layer % like_shape.layers);
    for (const GgufTensor& tensor : like.tensors()) {
      if (!tensor.name.starts_with(source)) continue;
      if (Status s = list.Add(fmt::format("blk.{}.", layer), tensor); !s) return Forward(s);
    }
  }
  return list.Take();
}

}  // namespace tandem
