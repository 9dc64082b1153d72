// A vocabulary that travels is the model's own, and what a peer could send instead is refused in one
// sentence.
#include "model/vocabulary_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/gguf_metadata.h"
#include "model/gguf_writer.h"
#include "model/vocab.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

const std::string kTarget = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

class Vocabulary : public testing::ScratchFiles {
 protected:
  Vocabulary() : file_(ExtractVocabulary(kTarget).value()) {
    metadata_ = GgufMetadata::CopyOf(GgufHeader::Parse(file_->bytes).value());
  }
  std::string Refusal(const std::vector<GgufTensorSpec>& tensors = {}) {
    Bytes bytes = GgufHeaderBytes(metadata_, tensors);
    for (const GgufTensorSpec& tensor : tensors) bytes.resize(bytes.size() + tensor.Bytes());
    const Status status = CheckVocabularyFile(bytes);
    EXPECT_FALSE(Vocab::FromFile(bytes, "sent"));
    return status ? "taken" : status.error().message;
  }

  std::shared_ptr<const VocabularyFile> file_;
  GgufMetadata metadata_;
};

TEST_F(Vocabulary, SaysWhatTheModelsOwnSays) {
  const auto own = Vocab::Load(kTarget).value();
  const auto sent = Vocab::FromFile(file_->bytes, "sent");
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ((*sent)->identity(), own->identity());
  EXPECT_EQ((*sent)->model_name(), own->model_name());
  EXPECT_EQ((*sent)->chat_template(), own->chat_template());
  EXPECT_EQ((*sent)->end_tokens(), own->end_tokens());
  EXPECT_EQ((*sent)->bos(), own->bos());
  const std::string text = "Once upon a time, caf\xc3\xa9 \xf0\x9f\x98\x80\n  <s>";
  const auto ids = own->Tokenize(text, true, true);
  ASSERT_TRUE(ids);
  EXPECT_EQ((*sent)->Tokenize(text, true, true), ids);
  EXPECT_EQ((*sent)->Detokenize(*ids, true), own->Detokenize(*ids, true));
}

TEST_F(Vocabulary, IsSmallAndTheSameEachTime) {
  EXPECT_LT(file_->bytes.size(), 300'000u);  // the model has 9 MB
  EXPECT_EQ(ExtractVocabulary(kTarget).value()->digest, file_->digest);
  EXPECT_EQ(file_->offer(), (VocabularyOffer{static_cast<uint32_t>(file_->bytes.size()), file_->digest}));
}

TEST(VocabularyBpe, ABpeTokenizerTravelsToo) {
  GgufMetadata metadata;
  metadata.SetText("general.architecture", "qwen2");
  metadata.SetText("tokenizer.ggml.model", "gpt2");
  metadata.SetText("tokenizer.ggml.pre", "qwen2");
  // Blank and line break as byte-level BPE writes them.
  metadata.SetTexts("tokenizer.ggml.tokens",
                    std::vector<std::string>{"a", "b", "\xc4\xa0", "\xc4\x8a", "ab", "<|end|>"});
  metadata.SetTexts("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  metadata.Set("tokenizer.ggml.token_type", {GgufType::kI32, true, 6, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
                                                                       1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0}});
  metadata.SetU32("tokenizer.ggml.eos_token_id", 5);
  const auto sent = Vocab::FromFile(GgufHeaderBytes(metadata, {}), "sent");
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ((*sent)->Tokenize("ab a<|end|>", false, true).value(), (std::vector<Token>{4, 2, 0, 5}));
  EXPECT_TRUE((*sent)->IsEnd(5));
}

TEST_F(Vocabulary, ATemplateTravels) {
  metadata_.SetText("tokenizer.chat_template", "{{ messages }}");
  const auto sent = Vocab::FromFile(GgufHeaderBytes(metadata_, {}), "sent");
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ((*sent)->chat_template(), "{{ messages }}");
}

TEST_F(Vocabulary, HoldsNothingElse) {
  EXPECT_THAT(Refusal({{"token_embd.weight", GGML_TYPE_F32, {32, 2, 1, 1}}}), HasSubstr("1 tensors"));
  metadata_.SetU32("llama.block_count", 6);
  EXPECT_THAT(Refusal(), HasSubstr("no tokenizer's"));
  metadata_.Remove("llama.block_count");
  metadata_.SetText("general.architecture", "mamba");
  EXPECT_THAT(Refusal(), HasSubstr("architecture that is not known here"));
  metadata_.Remove("general.architecture");
  EXPECT_THAT(Refusal(), HasSubstr("architecture"));
}

TEST_F(Vocabulary, MustHaveTextForItsIds) {
  metadata_.SetText("tokenizer.ggml.model", "no_vocab");
  metadata_.SetU32("llama.vocab_size", 100);
  EXPECT_THAT(Refusal(), HasSubstr("ids without text"));
  metadata_.SetText("tokenizer.ggml.model", "llama");
  metadata_.Remove("tokenizer.ggml.tokens");
  EXPECT_THAT(Refusal(), HasSubstr("tokenizer.ggml.tokens"));
}

TEST_F(Vocabulary, RefusesEveryPieceOfAFile) {
  for (size_t size = 0; size < file_->bytes.size(); size += 1 + size / 7) {
    EXPECT_FALSE(CheckVocabularyFile(ByteView(file_->bytes).first(size))) << size;
  }
  EXPECT_FALSE(CheckVocabularyFile(Bytes(kMaxVocabularyBytes + 1)));
}

TEST_F(Vocabulary, TheCacheGivesBackWhatItWasGiven) {
  EXPECT_EQ(CachedVocabulary(file_->digest, folder()), std::nullopt);
  CacheVocabulary(file_->digest, file_->bytes, folder());
  EXPECT_EQ(CachedVocabulary(file_->digest, folder()), file_->bytes);
  EXPECT_EQ(CachedVocabulary(file_->digest, ""), std::nullopt);
  CacheVocabulary(file_->digest, file_->bytes, "/dev/null/nowhere");  // passed over
}

TEST_F(Vocabulary, TheCacheIsNotBelievedBlindly) {
  CacheVocabulary(file_->digest, Bytes{1, 2, 3}, folder());
  EXPECT_EQ(CachedVocabulary(file_->digest, folder()), std::nullopt);
}

TEST_F(Vocabulary, EqualVocabulariesOfTwoModelsMayBeDifferentFiles) {
  EXPECT_EQ(Vocab::FromFile(ExtractVocabulary(kDraft).value()->bytes, "sent").value()->identity(),
            Vocab::FromFile(file_->bytes, "sent").value()->identity());
}

}  // namespace
}  // namespace tandem
