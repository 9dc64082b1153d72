// The shell around vocabulary_fetch.h: dials the cloud, asks what its vocabulary is, and takes it from the
// user's cache or over the link.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "edge/runner.h"
#include "model/vocab.h"
#include "model/vocabulary_file.h"

namespace tandem {

struct VocabularySource {
  Dialer dial{};
  int clouds = 1;          // that the dialer dials in turn: each is asked once before the first error counts
  std::string software{};  // "tandem 0.1.0"
  std::string cache_folder = VocabularyCacheFolder();  // empty: nothing is kept
  Micros patience{30'000'000};                         // silence after which the cloud counts as lost
  const std::atomic<bool>* cancel = nullptr;           // set from anywhere: give up
};

struct TakenVocabulary {
  std::shared_ptr<const Vocab> vocab{};
  std::string model_name{};  // of the cloud's model
  uint64_t transferred = 0;  // bytes of the file that came over the link; 0: it was in the cache
  uint64_t link_bytes = 0;   // all bytes of the connection, both ways
};

// Blocks. Errors as the dialer's and VocabularyFetch's; kNetwork: the link was lost, or `cancel` was set;
// kFile or kModel: a vocabulary that this program cannot read.
Result<TakenVocabulary> TakeVocabulary(const VocabularySource& source);

}  // namespace tandem
