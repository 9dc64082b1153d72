// See weights_hash.h.
#include "model/weights_hash.h"

#include <optional>

#include "model/tensor_hashes.h"

namespace tandem {

namespace {

// About the whole file.
class WeightsNote {
 public:
  WeightsNote(const std::string& path, const std::string& cache_folder) : note_(path, cache_folder, "") {}

  std::optional<Digest> Read() const {
    const std::optional<std::string> line = note_.Read(2 * sizeof(Digest) + 1);  // in hex, a newline
    return line && line->ends_with('\n') ? ParseHex(line->substr(0, line->size() - 1)) : std::nullopt;
  }
  void Write(const Digest& digest) const { note_.Write(Hex(digest) + "\n"); }

 private:
  FileNote note_;
};

}  // namespace

Result<Digest> WeightsHash(const std::string& path, const std::string& cache_folder) {
  const WeightsNote note(path, cache_folder);
  if (const auto digest = note.Read()) return *digest;
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  Sha256 hash;
  HashBytes(**file, 0, (*file)->bytes().size(), hash);
  const Digest digest = hash.Finish();
  note.Write(digest);
  return digest;
}

Result<FileDigests> DigestsOf(const std::string& path, const std::string& cache_folder) {
  const WeightsNote note(path, cache_folder);
  std::optional<Digest> weights = note.Read(), read;
  const auto hashes = TensorHashesOf(path, cache_folder, weights ? nullptr : &read);
  if (!hashes) return Forward(hashes);
  if (read) note.Write(*read);
  if (!weights) weights = read;
  if (weights) return FileDigests{*weights, ModelIdentity(*hashes)};
  const auto alone = WeightsHash(path, cache_folder);
  if (!alone) return Forward(alone);
  return FileDigests{*alone, ModelIdentity(*hashes)};
}

}  // namespace tandem
