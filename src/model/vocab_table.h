// The vocabulary's arrays in a GGUF's metadata, checked before libllama reads them: it asserts on some
// contents (a piece that appears twice, for one).
#pragma once

#include <string>

#include "base/result.h"
#include "base/vocab_identity.h"
#include "model/gguf_header.h"

namespace tandem {

class VocabTable {
 public:
  // kFile for arrays that are missing, of a wrong kind or length, or hold a piece twice; kModel for a
  // tokenizer this program does not know. `arch` names the key of the size when the file has no pieces. The
  // table points into the header's bytes.
  static Result<VocabTable> Read(const GgufHeader& header, const std::string& arch);

  int size() const { return size_; }  // ids in the file
  // Ids that count: those at the end that are marked unused are padding of the embedding (Qwen2.5 0.5B and 7B
  // have the same ids and different padding).
  int counted() const { return counted_; }
  bool has_text() const { return pieces_ != nullptr; }     // false: ids without pieces
  bool blank_in_front() const { return blank_in_front_; }  // the tokenizer puts a blank before a text
  // Digest over the tokenizer's name and each counted id's piece and type.
  VocabIdentity Identity() const;

 private:
  static Result<VocabTable> ReadWithoutText(const GgufHeader& header, const std::string& arch,
                                            VocabTable table);
  int32_t TypeOf(int id) const;

  std::string tokenizer_;
  const GgufValue* pieces_ = nullptr;
  const GgufValue* types_ = nullptr;  // null: all normal
  int size_ = 0;
  int counted_ = 0;
  bool blank_in_front_ = false;
};

}  // namespace tandem
