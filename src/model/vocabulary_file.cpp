// See vocabulary_file.h.
#include "model/vocabulary_file.h"

#include "base/user_cache.h"
#include "model/arch/arch.h"
#include "model/gguf_file.h"
#include "model/gguf_metadata.h"
#include "model/gguf_writer.h"
#include "model/vocab_table.h"

namespace tandem {
namespace {

// "tokenizer.huggingface.json" repeats the rest in megabytes of JSON that nothing here reads.
bool IsVocabularyKey(std::string_view key, std::string_view arch) {
  if (key == "general.architecture" || key == "general.name") return true;
  if (key.starts_with("tokenizer.")) return key != "tokenizer.huggingface.json";
  constexpr std::string_view kSize = ".vocab_size";
  return key.size() == arch.size() + kSize.size() && key.starts_with(arch) && key.ends_with(kSize);
}

Status CheckText(const GgufHeader& header, const std::string& arch) {
  const auto table = VocabTable::Read(header, arch);
  if (!table) return Forward(table);
  if (!table->has_text())
    return Fail(ErrorCode::kModel, "has ids without text, so there is nothing to hand over");
  return {};
}

std::string EntryOf(const Digest& digest, const std::string& folder) {
  return folder + "/" + Hex(digest) + ".gguf";
}

}  // namespace

Result<std::shared_ptr<const VocabularyFile>> ExtractVocabulary(const std::string& path) {
  const auto file = OpenGguf(path);
  if (!file) return Forward(file);
  const auto hparams = CheckModel(file->header());
  if (!hparams) return Fail(hparams.error().code, "{}: {}", path, hparams.error().message);
  if (const Status s = CheckText(file->header(), hparams->arch); !s)
    return Fail(s.error().code, "{}: {}", path, s.error().message);
  auto made = std::make_shared<VocabularyFile>();
  made->bytes = GgufHeaderBytes(
      GgufMetadata::CopyOf(file->header(),
                           [&](std::string_view key) { return IsVocabularyKey(key, hparams->arch); }),
      {});
  if (made->bytes.size() > kMaxVocabularyBytes) {
    return Fail(ErrorCode::kModel, "{}: its vocabulary takes {} bytes, at most {} are handed over", path,
                made->bytes.size(), kMaxVocabularyBytes);
  }
  made->digest = Sha256().Update(made->bytes).Finish();
  return made;
}

Status CheckVocabularyFile(ByteView file) {
  if (file.size() > kMaxVocabularyBytes)
    return Fail(ErrorCode::kFile, "a vocabulary of {} bytes, at most {}", file.size(), kMaxVocabularyBytes);
  const auto header = GgufHeader::Parse(file);
  if (!header) return Forward(header);
  if (!header->tensors().empty())
    return Fail(ErrorCode::kFile, "a vocabulary with {} tensors", header->tensors().size());
  const auto arch = header->String("general.architecture");
  if (!arch) return Forward(arch);
  if (!*arch || FindArch(**arch) == nullptr)
    return Fail(ErrorCode::kModel, "a vocabulary for an architecture that is not known here (only {})",
                SupportedArchs());
  if (const auto name = header->String("general.name"); !name) return Forward(name);
  for (size_t i = 0; i < header->values().size(); ++i) {
    if (!IsVocabularyKey(header->values()[i].first, **arch))
      return Fail(ErrorCode::kFile, "a vocabulary whose metadata value {} is no tokenizer's", i);
  }
  return CheckText(*header, **arch);
}

std::string VocabularyCacheFolder() {
  return UserCacheFolder("vocabularies");
}

std::optional<Bytes> CachedVocabulary(const Digest& digest, const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  std::optional<Bytes> bytes = ReadWhole(EntryOf(digest, folder), kMaxVocabularyBytes);
  if (bytes && Sha256().Update(*bytes).Finish() != digest) bytes.reset();
  return bytes;
}

void CacheVocabulary(const Digest& digest, ByteView bytes, const std::string& folder) {
  if (!folder.empty()) (void)WriteWhole(EntryOf(digest, folder), bytes);
}

}  // namespace tandem
