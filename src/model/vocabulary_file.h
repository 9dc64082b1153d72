// A vocabulary that travels: a GGUF with what a tokenizer needs (pieces, types, scores, merges, special ids,
// chat template) and not one tensor. A cloud makes it of its model, for edges that have none; an edge checks
// it, since a peer sent it, and loads it as it would a model's (Vocab::FromFile).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/vocab_identity.h"

namespace tandem {

struct VocabularyFile {
  Bytes bytes;
  Digest digest{};

  VocabularyOffer offer() const { return {static_cast<uint32_t>(bytes.size()), digest}; }
};

// Of the model at `path`, which must have text for its ids. The same model gives the same bytes. Errors as
// Vocab::Load's; kModel also for a vocabulary of more than kMaxVocabularyBytes.
Result<std::shared_ptr<const VocabularyFile>> ExtractVocabulary(const std::string& path);

// kFile or kModel, with the offending figures, for anything that ExtractVocabulary would not have made: a key
// that is no tokenizer's, a tensor, an architecture this program does not know, arrays that do not fit.
Status CheckVocabularyFile(ByteView file);

// Where vocabularies of clouds are kept, named by their digest: UserCacheFolder("vocabularies").
std::string VocabularyCacheFolder();

// The bytes under this digest, if they are there and are what the digest says. folder empty: nothing.
std::optional<Bytes> CachedVocabulary(const Digest& digest, const std::string& folder);

// Failures are passed over in silence: a cache only saves time.
void CacheVocabulary(const Digest& digest, ByteView bytes, const std::string& folder);

}  // namespace tandem
