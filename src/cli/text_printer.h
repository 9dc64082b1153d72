// Committed tokens become text on a stream as they come, coloured by who wrote them.
#pragma once

#include <cstdio>
#include <optional>
#include <span>
#include <string>

#include "base/utf8.h"
#include "edge/generation.h"
#include "model/vocab.h"

namespace tandem {

class TextPrinter {
 public:
  // stream: where text is shown at once, null for nowhere. vocab must outlive this.
  TextPrinter(const Vocab& vocab, std::FILE* stream, bool color)
      : vocab_(vocab), stream_(stream), color_(color) {}

  // authors[i] wrote tokens[i]. Characters cut by a token's end are shown with the token that finishes them.
  void Add(std::span<const Token> tokens, std::span<const Author> authors);
  void End();  // shows what is held back, and resets the colour

  const std::string& text() const { return text_; }  // all of it, uncoloured

 private:
  void Show(const std::string& text, Author author);

  const Vocab& vocab_;
  std::FILE* stream_;
  bool color_;
  Utf8Joiner joiner_;
  std::string text_;
  Author last_ = Author::kEdge;
  std::optional<Author> shown_;  // whose colour the stream is in
};

// What the colours mean, in those colours.
std::string ColorLegend();

}  // namespace tandem
