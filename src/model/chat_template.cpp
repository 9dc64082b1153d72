// See chat_template.h.
#include "model/chat_template.h"

#include <llama.h>

#include <algorithm>
#include <exception>

namespace tandem {

namespace {

constexpr size_t kMaxText = 64u << 20;  // as Vocab::Tokenize

// Stand for what was said before; what comes between turns does not depend on it.
const std::string kAsked = "a question", kAnswered = "an-answer";

// -1: not recognised.
int32_t Apply(const std::string& source, const std::vector<llama_chat_message>& messages, std::string& text) {
  try {
    return llama_chat_apply_template(source.c_str(), messages.data(), messages.size(), true, text.data(),
                                     static_cast<int32_t>(text.size()));
  } catch (const std::exception&) {
    return -1;
  }
}

bool Recognised(const std::string& source) {
  std::string none;
  return Apply(source, {{"user", "x"}}, none) >= 0;
}

bool IsBlank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

Result<ChatTemplate> ChatTemplate::Of(const Vocab& vocab) {
  const std::string& source = vocab.chat_template();
  if (source.empty()) return Fail(ErrorCode::kModel, "{} has no chat template", vocab.model_name());
  if (!Recognised(source))
    return Fail(ErrorCode::kModel, "the chat template of {} is none that libllama knows", vocab.model_name());
  return ChatTemplate(source);
}

Result<ChatTemplate> ChatTemplate::Named(std::string_view name) {
  const std::vector<std::string> names = Names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return ChatTemplate(std::string(name));
  return Fail(ErrorCode::kUsage, "no chat template is called '{}'; there are {}", name.substr(0, 64),
              fmt::join(names, ", "));
}

std::vector<std::string> ChatTemplate::Names() {
  const int32_t count = llama_chat_builtin_templates(nullptr, 0);
  std::vector<const char*> names(static_cast<size_t>(std::max(count, 0)));
  llama_chat_builtin_templates(names.data(), names.size());
  return {names.begin(), names.end()};
}

Result<std::string> ChatTemplate::Write(const std::vector<Message>& messages) const {
  std::vector<llama_chat_message> chat;
  size_t bytes = 0;
  for (const Message& message : messages) {
    if (message.text.find('\0') != std::string::npos)
      return Fail(ErrorCode::kUsage, "a message with a NUL byte cannot be put through a chat template");
    bytes += message.text.size();
    chat.push_back({message.role, message.text.c_str()});
  }
  if (bytes > kMaxText) return Fail(ErrorCode::kUsage, "messages of {} bytes, at most {}", bytes, kMaxText);
  std::string text(bytes + 1024, '\0');  // rarely too little, then the second round knows
  for (int round = 0; round < 2; ++round) {
    const int32_t size = Apply(source_, chat, text);
    if (size < 0) break;
    const bool fits = static_cast<size_t>(size) < text.size();
    text.resize(static_cast<size_t>(size) + (fits ? 0 : 1));
    if (fits) return text;
  }
  return Fail(ErrorCode::kModel, "libllama cannot put these messages through the chat template");
}

Result<std::string> ChatTemplate::Open(const std::string& system, const std::string& user) const {
  if (system.empty()) return Write({{"user", user}});
  return Write({{"system", system}, {"user", user}});
}

Result<std::string> ChatTemplate::Continue(const std::string& system, const std::string& user) const {
  std::vector<Message> messages;
  if (!system.empty()) messages.push_back({"system", system});
  messages.push_back({"user", kAsked});
  const Result<std::string> before = Write(messages);
  if (!before) return before;
  messages.push_back({"assistant", kAnswered});
  messages.push_back({"user", user});
  const Result<std::string> after = Write(messages);
  if (!after) return after;
  size_t at = before->size();
  if (after->starts_with(*before)) {
    while (at < after->size() && IsBlank((*after)[at])) ++at;  // some put a blank before an answer
    if (after->compare(at, kAnswered.size(), kAnswered) == 0) return after->substr(at + kAnswered.size());
  }
  return Fail(ErrorCode::kModel, "the chat template writes past answers in another way than new ones");
}

}  // namespace tandem
