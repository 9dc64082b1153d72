// The vocabulary's arrays in a GGUF's metadata, checked before libllama reads them: it asserts on some
// contents (a piece that appears twice, for one).
#pragma once

#include <string>

#include "base/result.h"
#include "model/gguf_header.h"

namespace tandem {

class VocabTable {
 public:
  // kFile for arrays that are missing, of a wrong kind or length, or hold a piece twice; kModel for a
  // tokenizer this program does not know. `arch` names the key of the size when the file has no pieces
  // ("no_vocab").
  static Result<VocabTable> Read(const GgufHeader& header, const std::string& arch);

  int size() const { return size_; }  // ids in the file
  // Ids that count: those at the end that are marked unused are padding of the embedding (Qwen2.5 0.5B and 7B
  // have the same ids and different padding).
  int counted() const { return counted_; }
  bool has_text() const { return has_text_; }

 private:
  int size_ = 0;
  int counted_ = 0;
  bool has_text_ = false;
};

}  // namespace tandem
