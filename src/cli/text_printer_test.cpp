// What reaches a stream, with and without colours.
#include "cli/text_printer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "cli/terminal.h"

namespace tandem {
namespace {

// A FILE whose bytes can be read back.
class Stream {
 public:
  Stream() : file_(open_memstream(&data_, &size_)) {}
  ~Stream() {
    std::fclose(file_);
    std::free(data_);
  }
  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {data_, size_};
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  std::FILE* file_;
};

class TextPrinterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto vocab = Vocab::Load(TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf");
    ASSERT_TRUE(vocab) << vocab.error().message;
    vocab_ = *vocab;
    auto tokens =
        vocab_->Tokenize("Tom\xF0\x9F\x90\xBB ran", false, false);  // a bear is four byte tokens here
    ASSERT_TRUE(tokens);
    tokens_ = *tokens;
    ASSERT_EQ(tokens_.size(), 6u);
  }

  std::shared_ptr<const Vocab> vocab_;
  std::vector<Token> tokens_;
};

TEST_F(TextPrinterTest, ShowsWholeCharactersOnly) {
  Stream stream;
  TextPrinter printer(*vocab_, stream.file(), false);
  for (Token token : tokens_) {
    Author author = Author::kCloud;
    printer.Add({&token, 1}, {&author, 1});
    EXPECT_EQ(ValidUtf8(stream.text()), stream.text());
  }
  printer.End();
  EXPECT_EQ(stream.text(), " Tom\xF0\x9F\x90\xBB ran");
  EXPECT_EQ(printer.text(), stream.text());
}

TEST_F(TextPrinterTest, ColorsChangeWithTheAuthor) {
  Stream stream;
  TextPrinter printer(*vocab_, stream.file(), true);
  std::vector<Author> authors(tokens_.size(), Author::kDraft);
  authors.back() = Author::kCloud;
  printer.Add(tokens_, authors);
  printer.End();
  std::string last = vocab_->Piece(tokens_.back());
  std::string first = printer.text().substr(0, printer.text().size() - last.size());
  EXPECT_EQ(stream.text(), std::string(kGreen) + first + std::string(kMagenta) + last + std::string(kPlain));
}

TEST_F(TextPrinterTest, WithoutAStreamItOnlyKeepsTheText) {
  TextPrinter printer(*vocab_, nullptr, true);
  std::vector<Author> authors(tokens_.size(), Author::kEdge);
  printer.Add(tokens_, authors);
  printer.End();
  EXPECT_EQ(printer.text(), " Tom\xF0\x9F\x90\xBB ran");
}

TEST(Terminal, ColorOnlyWhereItIsWanted) {
  Stream stream;  // no terminal
  EXPECT_FALSE(WantsColor("auto", stream.file()));
  EXPECT_TRUE(WantsColor("always", stream.file()));
  EXPECT_FALSE(WantsColor("never", stream.file()));
}

}  // namespace
}  // namespace tandem
