#include "model/vocab_table.h"

#include <cstring>
#include <string_view>
#include <unordered_set>

namespace tandem {

namespace {

constexpr uint64_t kMaxIds = 1 << 24;
constexpr int32_t kUnusedType = 5;  // tokenizer.ggml.token_type of padding
constexpr const char* kPieces = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kMerges = "tokenizer.ggml.merges";

// Walks the packed strings of an array that the header's parser has bounded.
class PackedStrings {
 public:
  explicit PackedStrings(const GgufValue& array) : in_(array.bytes) {}
  std::string_view Next() {
    const ByteView text = in_.Raw(in_.U64());
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

 private:
  ByteReader in_;
};

Status CheckPieces(const GgufValue& pieces) {
  PackedStrings in(pieces);
  std::unordered_set<std::string> seen;
  seen.reserve(pieces.count);
  for (uint64_t id = 0; id < pieces.count; ++id) {
    std::string piece(in.Next());
    if (piece.empty()) piece = "[EMPTY_" + std::to_string(id) + "]";  // libllama's stand-in
    if (!seen.insert(std::move(piece)).second)
      return Fail(ErrorCode::kFile, "metadata '{}' holds the piece of id {} twice", kPieces, id);
  }
  return {};
}

Status CheckArray(const GgufHeader& header, const char* key, GgufType type, uint64_t count) {
  const GgufValue* value = header.Find(key);
  if (value == nullptr) return {};
  const bool kind =
      value->is_array && (value->type == type || (type == GgufType::kF32 && value->type == GgufType::kI32));
  if (!kind || value->count < count)
    return Fail(ErrorCode::kFile, "metadata '{}' is not an array of {} numbers of the right kind", key,
                count);
  return {};
}

int CountedIds(const GgufHeader& header, int size) {
  const GgufValue* types = header.Find(kTypes);
  if (types == nullptr) return size;
  int counted = size;
  while (counted > 0) {
    int32_t type = 0;
    std::memcpy(&type, types->bytes.data() + 4 * static_cast<size_t>(counted - 1), 4);
    if (type != kUnusedType) break;
    --counted;
  }
  return counted;
}

}  // namespace

Result<VocabTable> VocabTable::Read(const GgufHeader& header, const std::string& arch) {
  VocabTable table;
  auto model = header.String("tokenizer.ggml.model");
  if (!model) return Forward(model);
  const std::string tokenizer = model->value_or("");
  if (tokenizer == "no_vocab" || tokenizer == "none") {
    auto size = header.Int(arch + ".vocab_size", 1, kMaxIds);
    if (!size) return Forward(size);
    if (!*size) return Fail(ErrorCode::kFile, "metadata '{}.vocab_size' is missing", arch);
    table.size_ = table.counted_ = static_cast<int>(**size);
    return table;
  }
  if (tokenizer != "llama" && tokenizer != "gpt2")
    return Fail(ErrorCode::kModel, "the tokenizer '{}' is not supported, only llama and gpt2",
                tokenizer.substr(0, 40));

  const GgufValue* pieces = header.Find(kPieces);
  if (pieces == nullptr || !pieces->is_array || pieces->type != GgufType::kString)
    return Fail(ErrorCode::kFile, "metadata '{}' is missing or not an array of strings", kPieces);
  if (pieces->count < 1 || pieces->count > kMaxIds)
    return Fail(ErrorCode::kFile, "metadata '{}' has {} pieces, expected 1 to {}", kPieces, pieces->count,
                kMaxIds);
  if (Status s = CheckPieces(*pieces); !s) return Forward(s);
  if (Status s = CheckArray(header, kTypes, GgufType::kI32, pieces->count); !s) return Forward(s);
  if (Status s = CheckArray(header, kScores, GgufType::kF32, pieces->count); !s) return Forward(s);
  const GgufValue* merges = header.Find(kMerges);
  if (tokenizer == "gpt2" && (merges == nullptr || !merges->is_array || merges->type != GgufType::kString))
    return Fail(ErrorCode::kFile, "metadata '{}' is missing or not an array of strings", kMerges);
  table.size_ = static_cast<int>(pieces->count);
  table.counted_ = CountedIds(header, table.size_);
  table.has_text_ = true;
  return table;
}

}  // namespace tandem
