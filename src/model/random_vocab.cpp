// Vocabulary of another size, see random_vocab.h.
#include "model/random_vocab.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace tandem {
namespace {

// llama.cpp's token types, as tokenizer.ggml.token_type has them.
constexpr int32_t kUnusedType = 5, kByteType = 6;

Bytes ElementBytes(uint32_t bits) {
  ByteWriter out;
  out.U32(bits);
  return out.Take();
}

bool SpecialTokensBelow(const GgufHeader& like, int64_t size) {
  for (const auto& [key, value] : like.values()) {
    if (!key.starts_with("tokenizer.ggml.") || !key.ends_with("_token_id")) continue;
    const Result<std::optional<int64_t>> id = like.Int(key, 0, INT32_MAX);
    if (id && *id && **id >= size) return false;
  }
  return true;
}

bool ByteTokensBelow(const GgufHeader& like, size_t size) {
  const GgufValue* types = like.Find("tokenizer.ggml.token_type");
  if (types == nullptr || !types->is_array || types->type != GgufType::kI32) return true;
  for (size_t id = size; id < types->count; ++id) {
    int32_t type = 0;
    std::memcpy(&type, types->bytes.data() + id * sizeof(type), sizeof(type));
    if (type == kByteType) return false;
  }
  return true;
}

}  // namespace

std::string ResizeVocab(const GgufHeader& like, int size, GgufMetadata& metadata) {
  const GgufValue* value = like.Find("tokenizer.ggml.tokens");
  std::vector<std::string> tokens = value == nullptr ? std::vector<std::string>{} : GgufTexts(*value);
  const size_t old_size = tokens.size(), new_size = static_cast<size_t>(size);
  // Byte-level vocabularies (gpt2) begin with their 256 bytes.
  const bool can_cut = new_size >= 256 && SpecialTokensBelow(like, size) && ByteTokensBelow(like, new_size);
  if (old_size == 0 || (new_size < old_size && !can_cut)) {
    metadata.RemovePrefix("tokenizer.");
    metadata.SetText("tokenizer.ggml.model", "no_vocab");
    return fmt::format(
        "none ({} ids without text: the {} tokens of the file it is like cannot be cut to that)", size,
        old_size);
  }
  tokens.resize(new_size);
  for (size_t id = old_size; id < new_size; ++id) tokens[id] = fmt::format("[PAD{}]", id);
  metadata.SetTexts("tokenizer.ggml.tokens", tokens);
  metadata.ResizeArray("tokenizer.ggml.scores", new_size, ElementBytes(std::bit_cast<uint32_t>(0.0f)));
  metadata.ResizeArray("tokenizer.ggml.token_type", new_size,
                       ElementBytes(static_cast<uint32_t>(kUnusedType)));
  if (new_size == old_size) return "kept";
  return new_size < old_size ? fmt::format("cut from {} to {} tokens", old_size, size)
                             : fmt::format("extended from {} to {} tokens", old_size, size);
}

}  // namespace tandem
