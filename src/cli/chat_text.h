// A chat as the model sees it: its ids, grown turn by turn. What was said stays as it is, id by id; only the
// template's text around the next message is added.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/writing.h"
#include "model/chat_template.h"
#include "model/vocab.h"

namespace tandem {

class ChatText {
 public:
  // vocab must outlive this. system: instructions before the chat, may be empty.
  ChatText(const Vocab& vocab, ChatTemplate chat_template, std::string system)
      : vocab_(vocab), template_(std::move(chat_template)), system_(std::move(system)) {}

  // The chat so far and this message: what the next answer continues. The chat itself is unchanged. kUsage
  // for an empty message and one that the template cannot take.
  Result<PromptIds> Ask(const std::string& message) const;
  // `asked` was answered so: both belong to the chat now.
  void Answered(PromptIds asked, std::span<const Token> answer);
  void Clear() { text_ = {}; }

 private:
  const Vocab& vocab_;
  ChatTemplate template_;
  std::string system_;
  PromptIds text_;
};

// The template called `name`, or the model's own when that is empty. kModel when it has none, with what the
// user can do.
Result<ChatTemplate> FindTemplate(const std::string& name, const Vocab& vocab);

}  // namespace tandem
