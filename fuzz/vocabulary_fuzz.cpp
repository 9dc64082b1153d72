// Vocabularies that a hostile cloud hands over: what CheckVocabularyFile lets through is read by libllama,
// which must neither abort nor break, and then cuts and joins a text.
#include <cstdlib>

#include "model/vocab.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tandem;
  const auto vocab = Vocab::FromFile({data, size}, "fuzz");
  if (!vocab) return 0;
  for (const bool special : {false, true}) {
    const auto ids = (*vocab)->Tokenize("a ab\n<|end|>\xff \xe2\x82\xac 12", special, true);
    if (!ids) continue;
    for (const Token id : *ids) {
      if (id < 0) std::abort();
    }
    (void)(*vocab)->Detokenize(*ids, true);
  }
  return 0;
}
