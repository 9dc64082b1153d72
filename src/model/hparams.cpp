// See hparams.h.
#include "model/hparams.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/arch/arch.h"
#include "model/model_part.h"
#include "model/vocab_table.h"

namespace tandem {

namespace {

// Far past any dense model known; they keep products of figures inside int32 and ggml's own limits.
constexpr int64_t kMaxLayers = 512;
constexpr int64_t kMaxWidth = 1 << 18;
constexpr int64_t kMaxHeads = 1 << 12;
constexpr int64_t kMaxHeadDim = 1 << 11;
constexpr int64_t kMaxContext = 1 << 24;
constexpr int64_t kMaxVocab = 1 << 24;

// Reads "<arch>.<key>" figures and keeps the first error, so that a list of them reads as a list.
class Reader {
 public:
  Reader(const GgufHeader& header, std::string arch) : header_(header), arch_(std::move(arch)) {}

  const Status& status() const { return status_; }

  // `fallback` < 0: required.
  int Int(const char* key, int64_t low, int64_t high, int64_t fallback = -1) {
    const std::string name = arch_ + "." + key;
    auto value = Note(header_.Int(name, low, high));
    if (value) return static_cast<int>(*value);
    if (fallback < 0) Miss(name);
    return static_cast<int>(std::max<int64_t>(fallback, 0));
  }

  float Float(const char* key, double low, double high, double fallback) {
    const std::string name = arch_ + "." + key;
    const double x = Note(header_.Float(name)).value_or(fallback);
    if (std::isnan(x)) {
      Miss(name);
    } else if (x < low || x > high) {
      Keep(Fail(ErrorCode::kFile, "metadata '{}' is {}, expected {} to {}", name, x, low, high));
    }
    return static_cast<float>(x);
  }

  bool Bool(const char* key) {
    const std::string name = arch_ + "." + key;
    const auto value = Note(header_.Bool(name));
    if (!value) Miss(name);
    return value.value_or(false);
  }

  std::string String(const char* key, std::string fallback) {
    return Note(header_.String(arch_ + "." + key)).value_or(std::move(fallback));
  }

 private:
  void Keep(tl::unexpected<Error> error) {
    if (status_) status_ = std::move(error);
  }
  void Miss(const std::string& name) { Keep(Fail(ErrorCode::kFile, "metadata '{}' is missing", name)); }

  template <class T>
  std::optional<T> Note(Result<std::optional<T>> value) {
    if (value) return std::move(*value);
    Keep(Forward(value));
    return std::nullopt;
  }

  const GgufHeader& header_;
  std::string arch_;
  Status status_;
};

constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();

// What libllama derives from the same keys, so that the angles are the same floats. Like libllama, it leaves
// YaRN's betas of these architectures at their defaults, whatever yarn_beta_fast and yarn_beta_slow say.
// YaRN's magnitude correction 1 + 0.1 ln(factor) is applied by ggml's rope itself; libllama multiplies by its
// inverse and by the model's own factor, so what is left is attn_factor alone, computed in the same order.
Status ReadRope(Reader& in, const Arch& arch, Hparams& hp) {
  RopeParams& rope = hp.rope;
  rope.pairs = arch.rope_pairs;
  if (rope.pairs == RopePairs::kNone) return {};
  rope.dims = in.Int("rope.dimension_count", 2, kMaxHeadDim, hp.head_dim);
  rope.base = in.Float("rope.freq_base", 1e-3, 1e12, 10000.0);
  rope.original_context = in.Int("rope.scaling.original_context_length", 1, kMaxContext, hp.context);
  const std::string scaling = in.String("rope.scaling.type", "linear");
  const float old_factor = in.Float("rope.scale_linear", 0, 1e6, 0);
  const float factor = in.Float("rope.scaling.factor", 0, 1e6, old_factor);
  const float model_factor = in.Float("rope.scaling.attn_factor", 1e-6, 1e6, 1.0);
  if (!in.status()) return in.status();
  if (scaling != "none" && scaling != "linear" && scaling != "yarn")
    return Fail(ErrorCode::kModel, "RoPE scaling '{}' is not supported, only none, linear and yarn", scaling);
  if (scaling != "none" && factor != 0) rope.freq_scale = 1.0f / factor;
  if (scaling == "yarn") {
    rope.yarn = 1.0f;
    const float s = 1.0f / rope.freq_scale;
    rope.attn_factor = s <= 1.0f ? 1.0f : 0.1f * std::log(s) + 1.0f;
    rope.attn_factor *= 1.0f / (1.0f + 0.1f * std::log(s));
  }
  rope.attn_factor *= model_factor;
  if (rope.dims != hp.head_dim && !arch.partial_rope)
    return Fail(ErrorCode::kModel, "RoPE turns {} of {} elements of a head; {} models turn all", rope.dims,
                hp.head_dim, hp.arch);
  if (rope.dims > hp.head_dim || rope.dims % 2 != 0)
    return Fail(ErrorCode::kModel, "RoPE turns {} of {} elements of a head, expected an even number of them",
                rope.dims, hp.head_dim);
  return {};
}

Status ReadShape(Reader& in, const Arch& arch, Hparams& hp) {
  hp.layers = in.Int("block_count", 1, kMaxLayers);
  hp.width = in.Int("embedding_length", 1, kMaxWidth);
  hp.heads = in.Int("attention.head_count", 1, kMaxHeads);
  hp.kv_heads = in.Int("attention.head_count_kv", 1, kMaxHeads, hp.heads);
  hp.ff = in.Int("feed_forward_length", 1, kMaxWidth * 8);
  hp.context = in.Int("context_length", 1, kMaxContext);
  hp.norm = arch.norm;
  hp.norm_eps = in.Float(NormEpsKey(arch.norm), 0, 1, kRequired);
  if (arch.states_residual) hp.parallel_residual = in.Bool(kParallelResidualKey);
  const int divided = hp.heads > 0 ? hp.width / hp.heads : 0;
  hp.head_dim = in.Int("attention.key_length", 1, kMaxHeadDim, divided);
  const int value_dim = in.Int("attention.value_length", 1, kMaxHeadDim, divided);
  if (!in.status()) return in.status();
  if (hp.heads % hp.kv_heads != 0)
    return Fail(ErrorCode::kModel, "{} query heads do not divide among {} key-value heads", hp.heads,
                hp.kv_heads);
  if (hp.head_dim == divided && hp.width % hp.heads != 0)
    return Fail(ErrorCode::kModel, "width {} does not divide among {} heads", hp.width, hp.heads);
  if (hp.head_dim != value_dim)
    return Fail(ErrorCode::kModel, "keys of {} and values of {} elements a head differ; not supported",
                hp.head_dim, value_dim);
  if (hp.head_dim < 2 || hp.head_dim % 2 != 0)
    return Fail(ErrorCode::kModel, "heads of {} elements cannot be rotated in pairs", hp.head_dim);
  return {};
}

// Variants that share an architecture's name and would compute something else here.
Status RefuseVariants(Reader& in, const std::string& arch) {
  const int experts = in.Int("expert_count", 0, 1 << 16, 0);
  const float scale = in.Float("attention.scale", 0, 1e6, 0);
  const float clamp = in.Float("attention.clamp_kqv", 0, 1e6, 0);
  if (!in.status()) return in.status();
  if (experts > 0)
    return Fail(ErrorCode::kModel, "is a mixture of {} experts ({}); only dense models are supported",
                experts, arch);
  if (scale != 0 || clamp != 0)
    return Fail(ErrorCode::kModel, "{} with an attention scale of {} and a clamp of {} is not supported",
                arch, scale, clamp);
  return {};
}

// The embedding's rows are what ids index; a range without embedding and head still counts them.
Status ReadVocabSize(const GgufHeader& header, Hparams& hp) {
  auto table = VocabTable::Read(header, hp.arch);
  if (!table) return Forward(table);
  auto rows = header.Int(kPartVocabRows, 1, kMaxVocab);  // of a part, which may lack the embedding
  if (!rows) return Forward(rows);
  if (!*rows) {
    const GgufTensor* embedding = header.FindTensor("token_embd.weight");
    if (embedding == nullptr) return Fail(ErrorCode::kFile, "tensor 'token_embd.weight' is missing");
    *rows = embedding->shape[1];
  }
  if (**rows > kMaxVocab)
    return Fail(ErrorCode::kFile, "the embedding has {} rows, more than {}", **rows, kMaxVocab);
  hp.vocab_rows = static_cast<int>(**rows);
  hp.vocab_size = table->counted();
  if (table->size() > hp.vocab_rows)
    return Fail(ErrorCode::kModel, "the vocabulary has {} ids, the embedding only {} rows", table->size(),
                hp.vocab_rows);
  return {};
}

}  // namespace

const char* NormEpsKey(NormKind norm) {
  return norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
}

Result<Hparams> ReadHparams(const GgufHeader& header) {
  Hparams hp;
  auto arch_name = header.String("general.architecture");
  if (!arch_name) return Forward(arch_name);
  if (!*arch_name) return Fail(ErrorCode::kFile, "metadata 'general.architecture' is missing");
  hp.arch = **arch_name;
  const Arch* arch = FindArch(hp.arch);
  if (arch == nullptr)
    return Fail(ErrorCode::kModel, "the architecture '{}' is not supported, only {}", hp.arch.substr(0, 40),
                SupportedArchs());
  auto name = header.String("general.name");
  if (!name) return Forward(name);
  hp.name = name->value_or("");

  Reader in(header, hp.arch);
  if (Status s = RefuseVariants(in, hp.arch); !s) return Forward(s);
  if (Status s = ReadShape(in, *arch, hp); !s) return Forward(s);
  if (Status s = ReadRope(in, *arch, hp); !s) return Forward(s);
  if (Status s = ReadVocabSize(header, hp); !s) return Forward(s);
  return hp;
}

}  // namespace tandem
