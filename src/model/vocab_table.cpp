// See vocab_table.h.
#include "model/vocab_table.h"

#include <cstring>
#include <string_view>
#include <unordered_set>

namespace tandem {

namespace {

constexpr int64_t kMaxIds = 1 << 24;
constexpr int32_t kNormalType = 1, kUnusedType = 5;  // tokenizer.ggml.token_type; padding is unused
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
    // libllama reads pieces as C strings.
    if (piece.find('\0') != std::string::npos)
      return Fail(ErrorCode::kFile, "metadata '{}' holds a NUL in the piece of id {}", kPieces, id);
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

}  // namespace

int32_t VocabTable::TypeOf(int id) const {
  int32_t type = kNormalType;
  if (types_ != nullptr) std::memcpy(&type, types_->bytes.data() + 4 * static_cast<size_t>(id), 4);
  return type;
}

VocabIdentity VocabTable::Identity() const {
  ByteWriter out;
  out.Varint(tokenizer_.size());
  out.Raw({reinterpret_cast<const uint8_t*>(tokenizer_.data()), tokenizer_.size()});
  Sha256 hash;
  if (pieces_ != nullptr) {
    PackedStrings in(*pieces_);
    for (int id = 0; id < counted_; ++id) {
      const std::string_view piece = in.Next();
      out.Varint(piece.size());
      out.Raw({reinterpret_cast<const uint8_t*>(piece.data()), piece.size()});
      out.U32(static_cast<uint32_t>(TypeOf(id)));
    }
  }
  hash.Update(out.Take());
  return {counted_, hash.Finish()};
}

Result<VocabTable> VocabTable::Read(const GgufHeader& header, const std::string& arch) {
  VocabTable table;
  auto model = header.String("tokenizer.ggml.model");
  if (!model) return Forward(model);
  table.tokenizer_ = model->value_or("");
  const std::string& tokenizer = table.tokenizer_;
  if (tokenizer == "no_vocab" || tokenizer == "none" || tokenizer == "test")
    return ReadWithoutText(header, arch, table);
  if (tokenizer != "llama" && tokenizer != "gpt2")
    return Fail(ErrorCode::kModel, "the tokenizer '{}' is not supported, only llama and gpt2",
                tokenizer.substr(0, 40));

  const GgufValue* pieces = header.Find(kPieces);
  if (pieces == nullptr || !pieces->is_array || pieces->type != GgufType::kString)
    return Fail(ErrorCode::kFile, "metadata '{}' is missing or not an array of strings", kPieces);
  if (pieces->count < 1 || pieces->count > static_cast<uint64_t>(kMaxIds))
    return Fail(ErrorCode::kFile, "metadata '{}' has {} pieces, expected 1 to {}", kPieces, pieces->count,
                kMaxIds);
  if (Status s = CheckPieces(*pieces); !s) return Forward(s);
  if (Status s = CheckArray(header, kTypes, GgufType::kI32, pieces->count); !s) return Forward(s);
  if (Status s = CheckArray(header, kScores, GgufType::kF32, pieces->count); !s) return Forward(s);
  const GgufValue* merges = header.Find(kMerges);
  if (tokenizer == "gpt2" && (merges == nullptr || !merges->is_array || merges->type != GgufType::kString))
    return Fail(ErrorCode::kFile, "metadata '{}' is missing or not an array of strings", kMerges);
  auto blank = header.Bool("tokenizer.ggml.add_space_prefix");
  if (!blank) return Forward(blank);

  table.pieces_ = pieces;
  table.types_ = header.Find(kTypes);
  table.size_ = table.counted_ = static_cast<int>(pieces->count);
  while (table.counted_ > 0 && table.TypeOf(table.counted_ - 1) == kUnusedType) --table.counted_;
  table.blank_in_front_ = blank->value_or(tokenizer == "llama");
  return table;
}

// llama.cpp's models for tests have ids without pieces, or pieces that mean nothing.
Result<VocabTable> VocabTable::ReadWithoutText(const GgufHeader& header, const std::string& arch,
                                               VocabTable table) {
  const GgufValue* pieces = header.Find(kPieces);
  auto size = header.Int(arch + ".vocab_size", 1, kMaxIds);
  if (!size) return Forward(size);
  const int64_t listed = pieces != nullptr && pieces->is_array ? static_cast<int64_t>(pieces->count) : 0;
  const int64_t ids = size->value_or(listed);
  if (ids < 1 || ids > kMaxIds)
    return Fail(ErrorCode::kFile, "metadata '{}.vocab_size' is missing, and {} ids are listed", arch, listed);
  table.size_ = table.counted_ = static_cast<int>(ids);
  return table;
}

}  // namespace tandem
