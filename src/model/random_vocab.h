// Makes the vocabulary in a model's metadata have another size.
#pragma once

#include <string>

#include "model/gguf_header.h"
#include "model/gguf_metadata.h"

namespace tandem {

// Edits the tokenizer's keys in `metadata`, which is a copy of `like`'s, to `size` ids, and says in a few
// words what became of it. More ids: padding is added that no text gives ("[PAD32000]"). Fewer: the list is
// cut, if every special token and every byte token lies below `size`; else the tokenizer is removed
// ("no_vocab") and only ids work.
std::string ResizeVocab(const GgufHeader& like, int size, GgufMetadata& metadata);

}  // namespace tandem
