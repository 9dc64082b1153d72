// Which model a file is, whole or part: a hash of each tensor of the whole. Two halves that were loaded from
// different files on different machines can tell by it whether they are of one model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "model/gguf_file.h"
#include "model/hash_cache.h"

namespace tandem {

struct TensorHash {
  std::string name;
  Digest digest{};  // SHA-256 over type (u32), shape (4 x i64, fastest first) and data, little-endian
  friend bool operator==(const TensorHash&, const TensorHash&) = default;
};

struct TensorHashes {
  // Of general.architecture and every key below its name ("llama."): rotary base, head counts, epsilon.
  // Equal weights under other figures are another function.
  Digest hyperparameters{};
  std::vector<TensorHash> tensors;  // of the whole model, in its file's order
  friend bool operator==(const TensorHashes&, const TensorHashes&) = default;
};

// Of the whole model that `path` is or is a part of. Of a whole file they are computed, as fast as SHA-256
// goes, from the mapping; of a part they are read from it, and its own tensors are checked against them.
// Either is remembered while the file stays as it is (hash_cache.h). Errors as OpenGguf and CheckModel; kFile
// when a tensor of a part is not the whole's.
Result<TensorHashes> TensorHashesOf(const std::string& path,
                                    const std::string& cache_folder = HashCacheFolder());

// Equal exactly when both are of one model: hyper-parameters, and tensors by name, in any order.
Digest ModelIdentity(const TensorHashes& hashes);

// The same, and if `file_digest` is not null, all of a whole model's file has to be read and so is read in
// one pass: its SHA-256 there. Else *file_digest is left as it is.
Result<TensorHashes> TensorHashesOf(const std::string& path, const std::string& cache_folder,
                                    std::optional<Digest>* file_digest);

// ModelIdentity of a file, whole or part.
Result<Digest> IdentityOf(const std::string& path, const std::string& cache_folder = HashCacheFolder());

Digest HashOfTensor(const GgufFile& file, const GgufTensor& tensor);
Digest HashOfHyperparameters(const GgufHeader& header, const std::string& arch);

}  // namespace tandem
