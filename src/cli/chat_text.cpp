// See chat_text.h.
#include "cli/chat_text.h"

namespace tandem {

Result<PromptIds> ChatText::Ask(const std::string& message) const {
  if (message.empty()) return Fail(ErrorCode::kUsage, "the prompt is empty");
  const bool first = text_.ids.empty();
  const auto added = first ? template_.Open(system_, message) : template_.Continue(system_, message);
  if (!added) return Forward(added);
  const auto ids = vocab_.Tokenize(*added, first, true);
  if (!ids) return Forward(ids);
  PromptIds asked = text_;
  asked.ids.insert(asked.ids.end(), ids->begin(), ids->end());
  asked.spans.push_back({static_cast<Pos>(text_.ids.size()), static_cast<Pos>(asked.ids.size())});
  return asked;
}

void ChatText::Answered(PromptIds asked, std::span<const Token> answer) {
  text_ = std::move(asked);
  text_.ids.insert(text_.ids.end(), answer.begin(), answer.end());
}

Result<ChatTemplate> FindTemplate(const std::string& name, const Vocab& vocab) {
  if (!name.empty()) return ChatTemplate::Named(name);
  auto own = ChatTemplate::Of(vocab);
  if (own) return own;
  return Fail(own.error().code, "{}: --template chatml would give it one that it may not have learnt",
              own.error().message);
}

}  // namespace tandem
