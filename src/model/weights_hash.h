// SHA-256 of a model file, computed once and remembered (hash_cache.h), so that what was made from a file can
// be told from what was made from another. Whether two files are of one model: tensor_hashes.h.
#pragma once

#include <string>

#include "base/hash.h"
#include "base/result.h"
#include "model/hash_cache.h"

namespace tandem {

// Digest of the file's bytes. A remembered value is used while the file stays as it is; `cache_folder` empty
// means no cache. kFile when the file cannot be read.
Result<Digest> WeightsHash(const std::string& path, const std::string& cache_folder = HashCacheFolder());

struct FileDigests {
  Digest weights{};   // as WeightsHash has it
  Digest identity{};  // as IdentityOf (tensor_hashes.h) has it
};

// Both; a whole model's file of which neither is remembered is read once. Errors as either.
Result<FileDigests> DigestsOf(const std::string& path, const std::string& cache_folder = HashCacheFolder());

}  // namespace tandem
