// Text to ids and back, and who is equal to whom.
#include "model/vocab.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "model/gguf_file.h"
#include "model/gguf_writer.h"
#include "model/vocab_table.h"

namespace tandem {
namespace {

const std::string kTarget = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

std::shared_ptr<const Vocab> Load(const std::string& path) {
  auto vocab = Vocab::Load(path);
  EXPECT_TRUE(vocab) << vocab.error().message;
  return vocab.value_or(nullptr);
}

TEST(Vocab, GivesTheTextBack) {
  const auto vocab = Load(kDraft);
  ASSERT_TRUE(vocab);
  EXPECT_EQ(vocab->size(), 8192);
  EXPECT_EQ(vocab->bos(), 1);
  for (const std::string text :
       {"Once upon a time", "a", " two  blanks", "line\nline", "caf\xc3\xa9 \xf0\x9f\x98\x80", ""}) {
    const auto ids = vocab->Tokenize(text, true, false);
    ASSERT_TRUE(ids);
    EXPECT_EQ((*ids)[0], 1);
    EXPECT_EQ(vocab->Detokenize(*ids, true), text);
  }
  const auto plain = vocab->Tokenize("Once", false, false);
  EXPECT_EQ(vocab->Detokenize(*plain, false), " Once");
}

TEST(Vocab, ControlTokensAreSilent) {
  const auto vocab = Load(kDraft);
  EXPECT_EQ(vocab->Piece(1), "");
  EXPECT_EQ(vocab->PieceForPeople(1), "<s>");
  EXPECT_EQ(vocab->Piece(-1), "");
  EXPECT_EQ(vocab->Piece(8192), "");
  EXPECT_TRUE(vocab->IsEnd(2));
  EXPECT_FALSE(vocab->IsEnd(1));
  EXPECT_TRUE(std::is_sorted(vocab->end_tokens().begin(), vocab->end_tokens().end()));
}

TEST(Vocab, ThePairHasOneVocabulary) {
  EXPECT_EQ(Load(kTarget)->identity(), Load(kDraft)->identity());
}

// The demo draft's vocabulary with `change` made to its pieces and types, as another file would hold it.
class ChangedVocab : public testing::Test {
 protected:
  void SetUp() override {
    const auto draft = OpenGguf(kDraft);
    ASSERT_TRUE(draft);
    metadata_ = GgufMetadata::CopyOf(draft->header());
    pieces_ = GgufTexts(*draft->header().Find("tokenizer.ggml.tokens"));
    types_ = *draft->header().Find("tokenizer.ggml.token_type");
    type_bytes_.assign(types_.bytes.begin(), types_.bytes.end());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Result<VocabTable> Table() {
    metadata_.SetTexts("tokenizer.ggml.tokens", pieces_);
    metadata_.ResizeArray("tokenizer.ggml.scores", pieces_.size(), Bytes(4));
    metadata_.Set("tokenizer.ggml.token_type", {GgufType::kI32, true, pieces_.size(), type_bytes_});
    EXPECT_TRUE(GgufWriter::Create(path_, metadata_, {})->Finish());
    file_.emplace(*OpenGguf(path_));
    return VocabTable::Read(file_->header(), "llama");
  }
  void Add(const std::string& piece, uint8_t type) {
    pieces_.push_back(piece);
    for (const uint8_t byte : {type, uint8_t{0}, uint8_t{0}, uint8_t{0}}) type_bytes_.push_back(byte);
  }

  const std::string path_ =
      std::filesystem::path(testing::TempDir()) / fmt::format("vocab.{}.gguf", getpid());
  GgufMetadata metadata_;
  std::vector<std::string> pieces_;
  GgufValue types_;
  Bytes type_bytes_;
  std::optional<GgufFile> file_;
};

TEST_F(ChangedVocab, PaddingAtTheEndDoesNotCount) {
  const VocabIdentity original = Table()->Identity();
  EXPECT_EQ(original, Load(kDraft)->identity());
  Add("[PAD8192]", 5);
  Add("[PAD8193]", 5);
  const auto padded = Table();
  EXPECT_EQ(padded->size(), 8194);
  EXPECT_EQ(padded->counted(), 8192);
  EXPECT_EQ(padded->Identity(), original);
  Add("<|added|>", 4);
  EXPECT_EQ(Table()->counted(), 8195);
}

TEST_F(ChangedVocab, OneOtherPieceOrTypeIsAnotherVocabulary) {
  const VocabIdentity original = Table()->Identity();
  pieces_[5000] += "x";
  EXPECT_NE(Table()->Identity(), original);
  pieces_[5000].pop_back();
  EXPECT_EQ(Table()->Identity(), original);
  type_bytes_[4 * 5000] = 3;
  EXPECT_NE(Table()->Identity(), original);
}

TEST_F(ChangedVocab, APieceTwiceIsRefused) {
  pieces_[5000] = pieces_[4000];
  const auto table = Table();
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("5000"), std::string::npos) << table.error().message;
}

}  // namespace
}  // namespace tandem
