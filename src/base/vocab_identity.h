// Who a vocabulary is, as the model room computes it and the wire compares it.
#pragma once

#include <cstdint>

#include "base/hash.h"

namespace tandem {

// Two models can write one text together when these are equal. The digest is SHA-256 over every id that
// counts: its piece and its attributes (scores and merges are left out: they steer tokenising, which one side
// does).
struct VocabIdentity {
  int32_t size = 0;  // ids that count: unused padding ids at the end are left out
  Digest digest{};
  friend bool operator==(const VocabIdentity&, const VocabIdentity&) = default;
};

// A vocabulary as a file that one side can hand to the other: model/vocabulary_file.h says what it holds.
struct VocabularyOffer {
  uint32_t bytes = 0;  // 1 to kMaxVocabularyBytes
  Digest digest{};     // SHA-256 of the file
  friend bool operator==(const VocabularyOffer&, const VocabularyOffer&) = default;
};

constexpr size_t kMaxVocabularyBytes = 64u << 20;  // 256k ids with merges take about 20 MB

}  // namespace tandem
