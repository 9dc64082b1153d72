// See chat_input.h.
#include "cli/chat_input.h"

#include <string_view>
#include <utility>

namespace tandem {

namespace {

constexpr std::string_view kQuotes = "\"\"\"";

}  // namespace

std::optional<std::string> MessageLines::Add(const std::string& line) {
  if (quoted_) return AddQuoted(line);
  if (!open_ && line.starts_with(kQuotes)) {
    open_ = quoted_ = true;
    if (line.size() == kQuotes.size()) return std::nullopt;  // no line of the message
    return AddQuoted(line.substr(kQuotes.size()));
  }
  text_ += line;
  open_ = line.ends_with('\\');
  if (!open_) return Take();
  text_.back() = '\n';
  return std::nullopt;
}

std::optional<std::string> MessageLines::AddQuoted(const std::string& line) {
  if (line.ends_with(kQuotes)) {
    text_ += line.substr(0, line.size() - kQuotes.size());
    return Take();
  }
  text_ += line + "\n";
  return std::nullopt;
}

std::optional<std::string> MessageLines::Take() {
  std::string message = std::exchange(text_, {});
  if (quoted_ && message.ends_with('\n')) message.pop_back();  // closing quotes on a line of their own
  Clear();
  return message;
}

void MessageLines::Clear() {
  text_.clear();
  open_ = quoted_ = false;
}

ChatCommand CommandOf(const std::string& message) {
  if (!message.starts_with('/') || message.starts_with("//")) return ChatCommand::kNone;
  if (message == "/quit" || message == "/exit") return ChatCommand::kQuit;
  if (message == "/help") return ChatCommand::kHelp;
  if (message == "/clear") return ChatCommand::kClear;
  return ChatCommand::kUnknown;
}

}  // namespace tandem
