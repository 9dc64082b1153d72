// See tensor_hashes.h.
#include "model/tensor_hashes.h"

#include <algorithm>
#include <optional>

#include "model/model_part.h"

namespace tandem {

namespace {

constexpr size_t kMaxNote = 16u << 20;  // bytes: 65536 tensors of 63-byte names take less

Sha256& AddText(Sha256& hash, std::string_view text) {
  ByteWriter length;
  length.U64(text.size());
  return hash.Update(length.Take()).Update(text);
}

// A line of hyper-parameters, then one a tensor: the digest in hex, a blank, the name.
std::string NoteText(const TensorHashes& hashes) {
  std::string text = Hex(hashes.hyperparameters) + "\n";
  for (const TensorHash& tensor : hashes.tensors) text += Hex(tensor.digest) + " " + tensor.name + "\n";
  return text;
}

std::optional<TensorHashes> ParseNote(std::string_view text) {
  constexpr size_t kHex = 2 * sizeof(Digest);
  TensorHashes hashes;
  for (bool first = true; !text.empty(); first = false) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || end < kHex) return std::nullopt;
    const std::optional<Digest> digest = ParseHex(text.substr(0, kHex));
    const std::string_view name = text.substr(kHex, end - kHex);
    if (!digest || first != name.empty() || (!first && name[0] != ' ')) return std::nullopt;
    if (first) hashes.hyperparameters = *digest;
    if (!first) hashes.tensors.push_back({std::string(name.substr(1)), *digest});
    text.remove_prefix(end + 1);
  }
  if (hashes.tensors.empty()) return std::nullopt;
  return hashes;
}

Digest HashOne(const GgufFile& file, const GgufTensor& tensor, Sha256* beside) {
  ByteWriter head;
  head.U32(static_cast<uint32_t>(tensor.type));
  for (const int64_t extent : tensor.shape) head.U64(static_cast<uint64_t>(extent));
  Sha256 hash;
  hash.Update(head.Take());
  HashBytes(*file.file(), tensor.offset, tensor.bytes, hash, beside);
  return hash.Finish();
}

// The header has them in the order of their offsets, apart: what OpenGguf lets through.
TensorHashes HashWhole(const GgufFile& file, std::optional<Digest>* file_digest) {
  TensorHashes hashes;
  Sha256 all;
  Sha256* beside = file_digest != nullptr ? &all : nullptr;
  size_t at = 0;
  for (const GgufTensor& tensor : file.header().tensors()) {
    if (beside != nullptr) HashBytes(*file.file(), at, tensor.offset - at, all);
    hashes.tensors.push_back({tensor.name, HashOne(file, tensor, beside)});
    at = tensor.offset + tensor.bytes;
  }
  if (beside == nullptr) return hashes;
  HashBytes(*file.file(), at, file.bytes().size() - at, all);
  *file_digest = all.Finish();
  return hashes;
}

Result<TensorHashes> VerifyPart(const GgufFile& file, int layers) {
  auto part = ReadModelPart(file.header(), layers);
  if (!part) return Forward(part);
  for (const TensorHash& listed : part->tensors) {
    const GgufTensor* own = file.header().FindTensor(listed.name);
    if (own == nullptr || HashOfTensor(file, *own) == listed.digest) continue;
    return Fail(ErrorCode::kFile, "tensor '{}' is not that of the model it was cut from: damaged or changed",
                own->name);
  }
  return TensorHashes{{}, std::move(part->tensors)};
}

Result<TensorHashes> Compute(const std::string& path, std::optional<Digest>* file_digest) {
  const auto file = OpenGguf(path);
  if (!file) return Forward(file);
  const auto named = [&](const Error& error) { return Fail(error.code, "{}: {}", path, error.message); };
  const auto shape = CheckModel(file->header());
  if (!shape) return named(shape.error());
  Result<TensorHashes> hashes =
      IsModelPart(file->header()) ? VerifyPart(*file, shape->layers) : HashWhole(*file, file_digest);
  if (!hashes) return named(hashes.error());
  hashes->hyperparameters = HashOfHyperparameters(file->header(), shape->arch);
  return hashes;
}

}  // namespace

Digest HashOfTensor(const GgufFile& file, const GgufTensor& tensor) {
  return HashOne(file, tensor, nullptr);
}

Digest HashOfHyperparameters(const GgufHeader& header, const std::string& arch) {
  std::vector<const std::pair<std::string, GgufValue>*> values;
  for (const auto& entry : header.values()) {
    if (entry.first == "general.architecture" || entry.first.starts_with(arch + "."))
      values.push_back(&entry);
  }
  std::sort(values.begin(), values.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  Sha256 hash;
  for (const auto* entry : values) {
    const GgufValue& value = entry->second;
    ByteWriter head;
    head.U32(static_cast<uint32_t>(value.type));
    head.U8(value.is_array ? 1 : 0);
    head.U64(value.count);
    head.U64(value.bytes.size());
    AddText(hash, entry->first).Update(head.Take()).Update(value.bytes);
  }
  return hash.Finish();
}

Result<TensorHashes> TensorHashesOf(const std::string& path, const std::string& cache_folder) {
  return TensorHashesOf(path, cache_folder, nullptr);
}

Result<TensorHashes> TensorHashesOf(const std::string& path, const std::string& cache_folder,
                                    std::optional<Digest>* file_digest) {
  const FileNote note(path, cache_folder, "\ntensors");
  if (const auto text = note.Read(kMaxNote)) {
    if (auto hashes = ParseNote(*text)) return std::move(*hashes);
  }
  auto hashes = Compute(path, file_digest);
  if (hashes) note.Write(NoteText(*hashes));
  return hashes;
}

Digest ModelIdentity(const TensorHashes& hashes) {
  std::vector<const TensorHash*> sorted;
  for (const TensorHash& tensor : hashes.tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  Sha256 hash;
  hash.Update(hashes.hyperparameters);
  for (const TensorHash* tensor : sorted) AddText(hash, tensor->name).Update(tensor->digest);
  return hash.Finish();
}

Result<Digest> IdentityOf(const std::string& path, const std::string& cache_folder) {
  const auto hashes = TensorHashesOf(path, cache_folder);
  if (!hashes) return Forward(hashes);
  return ModelIdentity(*hashes);
}

}  // namespace tandem
