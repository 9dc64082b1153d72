// See prompt_file.h.
#include "cli/prompt_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace tandem {

namespace {

constexpr size_t kMaxLine = 1 << 20, kMaxBytes = 64 << 20;

// Reads a file of lines within bounds: it may be a device, or not what its name says.
class LineFile {
 public:
  explicit LineFile(const std::string& path) : path_(path), in_(path, std::ios::binary) {}

  bool open() const { return in_.is_open(); }
  const std::string& line() const { return line_; }
  std::string place() const { return fmt::format("{}:{}", path_, number_); }

  // False at the end.
  Result<bool> Next() {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto taken = static_cast<size_t>(in_.gcount());
    if (taken == 0) return false;
    ++number_;
    bytes_ += taken;
    if (in_.fail()) return Fail(ErrorCode::kFile, "{}: the line is longer than {} bytes", place(), kMaxLine);
    if (bytes_ > kMaxBytes)
      return Fail(ErrorCode::kFile, "{}: the file is longer than {} bytes", place(), kMaxBytes);
    line_.assign(buffer_.data(), in_.eof() ? taken : taken - 1);  // without the newline that was taken
    if (line_.ends_with('\r')) line_.pop_back();
    return true;
  }

 private:
  std::string path_;
  std::ifstream in_;
  std::string buffer_ = std::string(kMaxLine + 1, '\0');
  std::string line_;
  size_t number_ = 0, bytes_ = 0;
};

}  // namespace

Result<std::string> PromptOfJson(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (object.is_discarded()) return Fail(ErrorCode::kFile, "no JSON: {}", Printable(line));
  if (object.is_object()) {
    if (const auto prompt = object.find("prompt"); prompt != object.end() && prompt->is_string())
      return prompt->get<std::string>();
    if (const auto turns = object.find("turns");
        turns != object.end() && turns->is_array() && !turns->empty() && turns->front().is_string())
      return turns->front().get<std::string>();
  }
  return Fail(ErrorCode::kFile, "neither a text \"prompt\" nor a list \"turns\" of texts: {}",
              Printable(line));
}

Result<std::vector<std::string>> ReadPrompts(const std::string& path, size_t most) {
  LineFile file(path);
  if (!file.open()) return Fail(ErrorCode::kFile, "cannot read the prompts in {}", path);
  const bool json = path.ends_with(".jsonl");
  std::vector<std::string> prompts;
  while (prompts.size() < most) {
    const auto more = file.Next();
    if (!more) return Forward(more);
    if (!*more) break;
    if (file.line().empty()) continue;
    Result<std::string> prompt = json ? PromptOfJson(file.line()) : file.line();
    if (!prompt) return Fail(prompt.error().code, "{}: {}", file.place(), prompt.error().message);
    if (!prompt->empty()) prompts.push_back(std::move(*prompt));
  }
  if (prompts.empty()) return Fail(ErrorCode::kFile, "{} holds no prompt", path);
  return prompts;
}

const std::vector<std::string>& BuiltinPrompts() {
  static const std::vector<std::string> kPrompts = {
      "Once there was a clever robot who wanted to learn how people think.",
      "Lily looked at the stars with her dad and asked him how far away they are.",
      "Max had a new computer. He wanted it to say hello to the whole world, so",
      "There was a magic box. Nobody could tell if the cat in it was asleep or awake.",
      "The little town had no light at night. Then a girl named Mia built a big wheel for the wind.",
      "Tom felt sick and had to stay in bed. The kind doctor told him why",
      "An old king and a young queen did not agree about the river. One day",
      "Sam had ten coins and wanted to buy a gift for each of his three friends.",
      "The teacher asked the class to write a letter to someone who lives far away. Ben wrote:",
      "The weather was strange that year. It did not snow in winter, and the bear"};
  return kPrompts;
}

}  // namespace tandem
