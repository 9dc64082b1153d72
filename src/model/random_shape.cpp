// Shapes of a random model's tensors, see random_shape.h.
#include "model/random_shape.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "model/arch/arch.h"

namespace tandem {
namespace {

constexpr int kMaxLayers = 512, kMaxWidth = 1 << 16, kMaxFf = 1 << 19, kMaxVocab = 1 << 20,
              kMaxContext = 1 << 20;
constexpr float kBiasDeviation = 0.02f;  // of a table of positions, too
// Of embedding and head, times sqrt(width): logits spread by about 3, as a trained model's do.
constexpr float kLogitSpread = 3.0f;

enum class Role { kMatrix, kToResidual, kEmbedding, kPositions, kBias, kNorm, kRopeFactors, kDropped };
enum class Side { kOne, kWidth, kQ, kKv, kQkv, kFf, kVocab, kHead, kHalfRope, kContext };

struct RoleRule {
  std::string_view name;  // without "blk.N."
  Role role;
  Side columns, rows;
};

constexpr RoleRule kRules[] = {
    {"token_embd.weight", Role::kEmbedding, Side::kWidth, Side::kVocab},
    {"position_embd.weight", Role::kPositions, Side::kWidth, Side::kContext},
    {"output.weight", Role::kEmbedding, Side::kWidth, Side::kVocab},
    {"output.bias", Role::kBias, Side::kVocab, Side::kOne},
    {"output_norm.weight", Role::kNorm, Side::kWidth, Side::kOne},
    {"output_norm.bias", Role::kBias, Side::kWidth, Side::kOne},
    {"rope_freqs.weight", Role::kRopeFactors, Side::kHalfRope, Side::kOne},
    {"attn_norm.weight", Role::kNorm, Side::kWidth, Side::kOne},
    {"attn_norm.bias", Role::kBias, Side::kWidth, Side::kOne},
    {"attn_qkv.weight", Role::kMatrix, Side::kWidth, Side::kQkv},
    {"attn_qkv.bias", Role::kBias, Side::kQkv, Side::kOne},
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
    {"ffn_norm.bias", Role::kBias, Side::kWidth, Side::kOne},
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
    case Side::kQkv:
      return shape.q_width() + 2 * shape.kv_width();
    case Side::kFf:
      return shape.ff;
    case Side::kVocab:
      return shape.vocab_rows;
    case Side::kHead:
      return shape.head_dim;
    case Side::kHalfRope:
      return shape.rope.dims / 2;
    case Side::kContext:
      return shape.context;
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
    case Role::kPositions:
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

  // `source` is null for a tensor that the file it is like does not have.
  Status Add(const std::string& name, const GgufTensor* source) {
    const std::string_view suffix =
        std::string_view(name).substr(name.starts_with("blk.") ? name.find('.', 4) + 1 : 0);
    if (IsDropped(suffix)) {
      Note(fmt::format("{} is left out: it belongs to the weights that are not kept.", suffix));
      return {};
    }
    const RoleRule* rule = FindRule(suffix);
    if (rule == nullptr) {
      return Fail(ErrorCode::kModel, "a random model cannot have tensor {}: its role is unknown", name);
    }
    RandomTensor tensor;
    tensor.spec = {name, GGML_TYPE_F32, {Length(shape_, rule->columns), Length(shape_, rule->rows), 1, 1}};
    if (!Fill(*rule, source, tensor)) return {};
    tensors_.push_back(std::move(tensor));
    return {};
  }

  std::vector<RandomTensor> Take() { return std::move(tensors_); }

 private:
  // False when the tensor is left out.
  bool Fill(const RoleRule& rule, const GgufTensor* source, RandomTensor& tensor) {
    switch (rule.role) {
      case Role::kNorm:
        return true;
      case Role::kRopeFactors:
        return CopyRope(*source, tensor);  // only ever taken from a file
      case Role::kPositions:
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

// What an architecture has of its own; sizes stay.
void ChangeArch(const Arch& arch, Hparams& shape) {
  shape.arch = arch.name;
  shape.norm = arch.norm;
  shape.parallel_residual = arch.states_residual;  // as Pythia
  shape.rope = {};
  shape.rope.pairs = arch.rope_pairs;
}

// The share of a head that turns is as in `like`; in another architecture all, or a quarter as in Pythia.
int RopeDims(const Arch& arch, const Hparams& like, int head_dim) {
  if (arch.rope_pairs == RopePairs::kNone) return 0;
  if (!arch.partial_rope) return head_dim;
  const bool same = arch.name == like.arch;
  const int turned = same ? head_dim * like.rope.dims / like.head_dim : head_dim / 4;
  return std::max(2, turned / 2 * 2);
}

// The tensors that an architecture asks for, of those it can do without only a head that `like` has.
Status AddWishes(const GgufHeader& like, const Hparams& shape, TensorList& list) {
  Weights weights;
  for (const TensorWish& wish :
       WishesOf(*FindArch(shape.arch), shape, 0, shape.layers, true, true, weights)) {
    const bool head = wish.name == "output.weight" && like.FindTensor(wish.name) != nullptr;
    if (!wish.required && !head) continue;
    if (Status s = list.Add(wish.name, nullptr); !s) return s;
  }
  return {};
}

// `like`'s own, its layers over and over.
Status AddLike(const GgufHeader& like, int like_layers, int layers, TensorList& list) {
  for (const GgufTensor& tensor : like.tensors()) {
    if (tensor.name.starts_with("blk.")) continue;
    if (Status s = list.Add(tensor.name, &tensor); !s) return s;
  }
  for (int layer = 0; layer < layers; ++layer) {
    const std::string source = LayerPrefix(layer % like_layers);
    for (const GgufTensor& tensor : like.tensors()) {
      if (!tensor.name.starts_with(source)) continue;
      if (Status s = list.Add(LayerPrefix(layer) + tensor.name.substr(source.size()), &tensor); !s) return s;
    }
  }
  return {};
}

}  // namespace

Result<Hparams> RandomShape(const Hparams& like, const RandomModelSpec& spec) {
  const Arch* arch = FindArch(spec.arch.empty() ? like.arch : spec.arch);
  if (arch == nullptr)
    return Fail(ErrorCode::kUsage, "a random model can be of {}, not '{}'", SupportedArchs(), spec.arch);
  Hparams s = like;
  if (arch->name != like.arch) ChangeArch(*arch, s);
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
  s.rope.dims = RopeDims(*arch, like, s.head_dim);
  return s;
}

Result<std::vector<RandomTensor>> RandomTensors(const GgufHeader& like, const Hparams& like_shape,
                                                const Hparams& shape, ggml_type type,
                                                std::vector<std::string>& notes) {
  TensorList list(like_shape, shape, type, notes);
  const Status added = shape.arch == like_shape.arch ? AddLike(like, like_shape.layers, shape.layers, list)
                                                     : AddWishes(like, shape, list);
  if (!added) return Forward(added);
  return list.Take();
}

}  // namespace tandem
