// The vocabulary of a GGUF: text to ids and back, special ids, chat template. libllama's vocabulary behind a
// small face; no llama type leaks out.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/types.h"
#include "base/vocab_identity.h"

struct llama_model;
struct llama_vocab;

namespace tandem {

class GgufHeader;

// Immutable and thread-safe.
class Vocab {
 public:
  // kFile and kModel as OpenGguf and CheckModel say (the message starts with the path); weights are not read.
  static Result<std::shared_ptr<const Vocab>> Load(const std::string& path);
  // The same from a vocabulary file in memory, which a peer may have sent: it must pass CheckVocabularyFile.
  // `name` stands for the path in messages.
  static Result<std::shared_ptr<const Vocab>> FromFile(ByteView file, const std::string& name);
  ~Vocab();
  Vocab(const Vocab&) = delete;
  Vocab& operator=(const Vocab&) = delete;

  int size() const { return identity_.size; }  // ids [0, size); unused padding ids at the end are left out
  const VocabIdentity& identity() const { return identity_; }
  bool has_text() const { return vocab_ != nullptr; }  // false: ids without text, as models for tests have
  const std::string& model_name() const { return model_name_; }  // general.name, else the file's stem
  const std::string& chat_template() const {
    return chat_template_;
  }  // Jinja source; empty when the file has none

  // add_special: put BOS (or what the model wants) in front; parse_special: "<|im_end|>" and the like become
  // their id instead of text. kModel when the file has no vocabulary, kUsage for text beyond 64 MiB.
  Result<std::vector<Token>> Tokenize(std::string_view text, bool add_special, bool parse_special) const;
  // Bytes of one token, not necessarily whole UTF-8; control tokens and ids outside [0, size) give nothing.
  std::string Piece(Token token) const;
  // The same with control tokens spelled out ("<|im_end|>"), for people.
  std::string PieceForPeople(Token token) const;
  // Text of several tokens: their pieces, joined, less the blank that some tokenizers put in front of a text
  // when `from_start`.
  std::string Detokenize(std::span<const Token> tokens, bool from_start) const;

  const std::vector<Token>& end_tokens() const { return end_tokens_; }  // end of generation, ascending
  bool IsEnd(Token token) const;
  Token bos() const { return bos_; }           // kNoToken when the model has none
  bool adds_bos() const { return adds_bos_; }  // Tokenize with add_special puts bos() in front

 private:
  Vocab() = default;
  // `name`: in messages; `path`: what libllama opens.
  static Result<std::shared_ptr<const Vocab>> Make(const GgufHeader& header, const std::string& arch,
                                                   const std::string& name, const std::string& path);
  llama_model* model_ = nullptr;        // loaded vocab_only
  const llama_vocab* vocab_ = nullptr;  // null: ids without text
  bool blank_in_front_ = false;         // the tokenizer puts a blank before a text
  VocabIdentity identity_;
  std::string model_name_, chat_template_;
  std::vector<Token> end_tokens_;
  Token bos_ = kNoToken;
  bool adds_bos_ = false;
};

}  // namespace tandem
