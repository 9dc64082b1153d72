// What a user types at a chat, taken apart: messages of one line or several, and commands.
//
// A line that ends in a backslash goes on in the next. """ begins a message that ends with the line that ends
// in """, whatever stands in between.
#pragma once

#include <optional>
#include <string>

namespace tandem {

class MessageLines {
 public:
  // A whole message, once its last line is there.
  std::optional<std::string> Add(const std::string& line);
  bool open() const { return open_; }  // lines are there, and more are awaited
  void Clear();

 private:
  std::optional<std::string> Take();
  std::optional<std::string> AddQuoted(const std::string& line);

  std::string text_;
  bool open_ = false;
  bool quoted_ = false;
};

enum class ChatCommand { kNone, kQuit, kHelp, kClear, kUnknown };

// kNone for a message; a message that begins with a slash is no command when it begins with two.
ChatCommand CommandOf(const std::string& message);

}  // namespace tandem
