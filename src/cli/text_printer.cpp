// See text_printer.h.
#include "cli/text_printer.h"

#include <fmt/format.h>

#include "cli/terminal.h"

namespace tandem {

namespace {

std::string_view ColorOf(Author author) {
  switch (author) {
    case Author::kDraft:
      return kGreen;
    case Author::kCloud:
      return kMagenta;
    case Author::kEdge:
      return kCyan;
  }
  return kPlain;
}

}  // namespace

void TextPrinter::Add(std::span<const Token> tokens, std::span<const Author> authors) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string piece = vocab_.Piece(tokens[i]);
    text_ += piece;
    last_ = authors[i];
    Show(joiner_.Add(piece), last_);
  }
  if (stream_) std::fflush(stream_);
}

void TextPrinter::End() {
  Show(joiner_.Flush(), last_);
  if (!stream_) return;
  if (shown_) fmt::print(stream_, "{}", kPlain);
  shown_.reset();
  std::fflush(stream_);
}

void TextPrinter::Show(const std::string& text, Author author) {
  if (!stream_ || text.empty()) return;
  if (color_ && shown_ != author) {
    std::fwrite(ColorOf(author).data(), 1, ColorOf(author).size(), stream_);
    shown_ = author;
  }
  std::fwrite(text.data(), 1, text.size(), stream_);
}

std::string ColorLegend() {
  return fmt::format("{}accepted draft{} {}cloud{} {}edge alone{}", kGreen, kPlain, kMagenta, kPlain, kCyan,
                     kPlain);
}

}  // namespace tandem
