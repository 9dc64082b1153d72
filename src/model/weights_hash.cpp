// See weights_hash.h.
#include "model/weights_hash.h"

#include <optional>

namespace tandem {

Result<Digest> WeightsHash(const std::string& path, const std::string& cache_folder) {
  const FileNote note(path, cache_folder, "");
  const std::optional<std::string> line = note.Read(2 * sizeof(Digest) + 1);  // the digest in hex, a newline
  if (line && line->ends_with('\n')) {
    if (const auto digest = ParseHex(line->substr(0, line->size() - 1))) return *digest;
  }
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  Sha256 hash;
  HashBytes(**file, 0, (*file)->bytes().size(), hash);
  const Digest digest = hash.Finish();
  note.Write(Hex(digest) + "\n");
  return digest;
}

}  // namespace tandem
