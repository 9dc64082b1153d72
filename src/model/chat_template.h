// How a model wants a chat written: the text around the messages, which says who speaks. The templates are
// those that libllama knows; it recognises a model's Jinja source by its marks and does not run it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/vocab.h"

namespace tandem {

class ChatTemplate {
 public:
  // The one the model brings. kModel when it has none, or one that libllama does not recognise.
  static Result<ChatTemplate> Of(const Vocab& vocab);
  // By libllama's name: "chatml", "llama3". kUsage, with the names there are, for another.
  static Result<ChatTemplate> Named(std::string_view name);
  static std::vector<std::string> Names();

  // The text from the chat's begin to where the first answer begins. system: instructions before the chat,
  // may be empty. kUsage for a text with a NUL byte.
  Result<std::string> Open(const std::string& system, const std::string& user) const;
  // The text from an answer's end to where the next begins. kModel when the template writes an answer
  // differently once it is past, so that a chat cannot be continued but only written anew.
  Result<std::string> Continue(const std::string& system, const std::string& user) const;

 private:
  struct Message {
    const char* role;
    const std::string& text;
  };

  explicit ChatTemplate(std::string source) : source_(std::move(source)) {}
  // Ends where an answer begins.
  Result<std::string> Write(const std::vector<Message>& messages) const;

  std::string source_;  // Jinja, or a name
};

}  // namespace tandem
