// See vocab.h.
#include "model/vocab.h"

#include <llama.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "model/gguf_file.h"
#include "model/library_log.h"
#include "model/memory_file.h"
#include "model/vocab_table.h"
#include "model/vocabulary_file.h"

namespace tandem {

namespace {

constexpr size_t kMaxText = 64u << 20;  // bytes of one Tokenize

Result<llama_model*> LoadVocabOnly(const std::string& path, const std::string& name) {
  llama_model_params params = llama_model_default_params();
  params.vocab_only = true;
  params.n_gpu_layers = 0;
  const LogCapture log;
  try {
    if (llama_model* model = llama_model_load_from_file(path.c_str(), params)) return model;
  } catch (const std::exception& e) {
    return Fail(ErrorCode::kFile, "{}: libllama cannot read its vocabulary: {}", name, e.what());
  }
  return Fail(ErrorCode::kFile, "{}: libllama cannot read its vocabulary: {}", name,
              log.Errors("no reason given"));
}

// libllama asserts when it is to add a token that the file does not define.
Status CheckSpecials(const llama_vocab* vocab, const std::string& path) {
  if (llama_vocab_get_add_bos(vocab) && llama_vocab_bos(vocab) == LLAMA_TOKEN_NULL)
    return Fail(ErrorCode::kFile, "{}: its tokenizer adds a begin token that is not defined", path);
  if (llama_vocab_get_add_eos(vocab) && llama_vocab_eos(vocab) == LLAMA_TOKEN_NULL)
    return Fail(ErrorCode::kFile, "{}: its tokenizer adds an end token that is not defined", path);
  if (llama_vocab_get_add_sep(vocab) && llama_vocab_sep(vocab) == LLAMA_TOKEN_NULL)
    return Fail(ErrorCode::kFile, "{}: its tokenizer adds a separator that is not defined", path);
  return {};
}

// Bytes of a token; empty for what libllama cannot spell (a malformed byte token makes it throw).
std::string Spell(const llama_vocab* vocab, Token token, bool special) {
  std::string piece(32, '\0');
  try {
    int n = llama_token_to_piece(vocab, token, piece.data(), static_cast<int32_t>(piece.size()), 0, special);
    if (n < 0) {
      piece.resize(static_cast<size_t>(-n));
      n = llama_token_to_piece(vocab, token, piece.data(), static_cast<int32_t>(piece.size()), 0, special);
    }
    piece.resize(static_cast<size_t>(std::max(n, 0)));
  } catch (const std::exception&) {
    piece.clear();
  }
  return piece;
}

}  // namespace

Result<std::shared_ptr<const Vocab>> Vocab::Load(const std::string& path) {
  auto file = OpenGguf(path);
  if (!file) return Forward(file);
  auto hparams = CheckModel(file->header());
  if (!hparams) return Fail(hparams.error().code, "{}: {}", path, hparams.error().message);
  return Make(file->header(), hparams->arch, path, path);
}

Result<std::shared_ptr<const Vocab>> Vocab::FromFile(ByteView file, const std::string& name) {
  if (Status s = CheckVocabularyFile(file); !s)
    return Fail(s.error().code, "{}: {}", name, s.error().message);
  const GgufHeader header = GgufHeader::Parse(file).value();
  const auto memory = MemoryFile::Of(file);  // libllama opens files only
  if (!memory) return Forward(memory);
  return Make(header, *header.String("general.architecture").value(), name, memory->path());
}

Result<std::shared_ptr<const Vocab>> Vocab::Make(const GgufHeader& header, const std::string& arch,
                                                 const std::string& name, const std::string& path) {
  auto table = VocabTable::Read(header, arch);
  if (!table) return Fail(table.error().code, "{}: {}", name, table.error().message);

  std::shared_ptr<Vocab> self(new Vocab);
  self->identity_ = table->Identity();
  self->model_name_ = header.String("general.name").value_or(std::nullopt).value_or("");
  if (self->model_name_.empty()) self->model_name_ = std::filesystem::path(name).stem().string();
  self->chat_template_ = header.String("tokenizer.chat_template").value_or(std::nullopt).value_or("");
  if (!table->has_text()) return self;

  auto model = LoadVocabOnly(path, name);
  if (!model) return Forward(model);
  self->model_ = *model;
  self->vocab_ = llama_model_get_vocab(*model);
  if (llama_vocab_n_tokens(self->vocab_) != table->size())
    return Fail(ErrorCode::kFile, "{}: libllama reads {} ids, the file lists {}", name,
                llama_vocab_n_tokens(self->vocab_), table->size());
  if (Status s = CheckSpecials(self->vocab_, name); !s) return Forward(s);
  self->blank_in_front_ = table->blank_in_front();
  const Token bos = llama_vocab_bos(self->vocab_);
  self->bos_ = bos >= 0 && bos < self->size() ? bos : kNoToken;
  self->adds_bos_ = self->bos_ != kNoToken && llama_vocab_get_add_bos(self->vocab_);
  for (Token id = 0; id < self->size(); ++id) {
    if (llama_vocab_is_eog(self->vocab_, id)) self->end_tokens_.push_back(id);
  }
  return self;
}

Vocab::~Vocab() {
  if (model_ != nullptr) llama_model_free(model_);
}

Result<std::vector<Token>> Vocab::Tokenize(std::string_view text, bool add_special,
                                           bool parse_special) const {
  if (vocab_ == nullptr)
    return Fail(ErrorCode::kModel, "{} has ids without text and cannot tokenize", model_name_);
  if (text.size() > kMaxText)
    return Fail(ErrorCode::kUsage, "a text of {} bytes, at most {} at once", text.size(), kMaxText);
  std::vector<Token> ids(text.size() / 2 + 8);  // rarely too few, then the second round knows
  try {
    for (int round = 0; round < 2; ++round) {
      const int n = llama_tokenize(vocab_, text.data(), static_cast<int32_t>(text.size()), ids.data(),
                                   static_cast<int32_t>(ids.size()), add_special, parse_special);
      if (n >= 0) {
        ids.resize(static_cast<size_t>(n));
        return ids;
      }
      ids.resize(static_cast<size_t>(-static_cast<int64_t>(n)));
    }
  } catch (const std::exception& e) {
    return Fail(ErrorCode::kModel, "the vocabulary of {} cannot express the text: {}", model_name_, e.what());
  }
  return Fail(ErrorCode::kInternal, "tokenizing {} bytes gave no number of ids", text.size());
}

std::string Vocab::Piece(Token token) const {
  if (vocab_ == nullptr || token < 0 || token >= size()) return {};
  return Spell(vocab_, token, false);
}

std::string Vocab::PieceForPeople(Token token) const {
  if (vocab_ == nullptr || token < 0 || token >= size()) return {};
  return Spell(vocab_, token, true);
}

std::string Vocab::Detokenize(std::span<const Token> tokens, bool from_start) const {
  std::string text;
  for (const Token token : tokens) text += Piece(token);
  if (from_start && blank_in_front_ && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

bool Vocab::IsEnd(Token token) const {
  return std::binary_search(end_tokens_.begin(), end_tokens_.end(), token);
}

}  // namespace tandem
