// Text that arrives in pieces which may cut a character in two, made whole before anyone sees it.
#pragma once

#include <string>
#include <string_view>

namespace tandem {

// Bytes of `text` that begin a character at its end but do not finish it: 0 to 3.
size_t IncompleteTail(std::string_view text);

// `text` with every byte that is not part of a valid character replaced by U+FFFD, as JSON needs it.
std::string ValidUtf8(std::string_view text);

// Holds back the bytes of an unfinished character until the rest has come. What is no UTF-8 at all passes
// through unchanged: a model's bytes are the user's.
class Utf8Joiner {
 public:
  std::string Add(std::string_view piece);  // what may be shown now
  std::string Flush();                      // what is still held back

 private:
  std::string held_;
};

}  // namespace tandem
