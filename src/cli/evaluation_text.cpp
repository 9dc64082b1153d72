// See evaluation_text.h.
#include "cli/evaluation_text.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "model/vocab.h"

namespace tandem {

namespace {

constexpr size_t kMostBytes = 64 << 20;  // what Vocab::Tokenize takes

Digest DigestOf(const std::vector<Token>& tokens) {
  ByteWriter bytes;
  for (const Token token : tokens) bytes.U32(static_cast<uint32_t>(token));
  return Sha256().Update(ByteView(bytes.Take())).Finish();
}

}  // namespace

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kFile, "cannot read the text {}: {}", path, std::strerror(errno));
  std::string text, part(1 << 20, '\0');
  while (file && text.size() <= kMostBytes) {  // bounded: the file may be a device
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    text.append(part, 0, static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return Fail(ErrorCode::kFile, "cannot read the text {}: {}", path, std::strerror(errno));
  if (text.size() > kMostBytes)
    return Fail(ErrorCode::kFile, "the text {} is longer than {} bytes", path, kMostBytes);
  if (text.empty()) return Fail(ErrorCode::kFile, "the text {} is empty", path);
  return text;
}

const char* BosName(BosPlace place) {
  switch (place) {
    case BosPlace::kNone:
      return "none";
    case BosPlace::kText:
      return "text";
    case BosPlace::kChunk:
      return "chunk";
  }
  return "unknown";
}

Result<TokenisedText> ReadEvaluatedText(const std::string& path, const std::string& model,
                                        const WindowPlan& plan) {
  const auto bytes = ReadText(path);
  if (!bytes) return Forward(bytes);
  const auto vocab = Vocab::Load(model);
  if (!vocab) return Forward(vocab);
  auto tokens = (*vocab)->Tokenize(*bytes, true, false);
  if (!tokens) return Forward(tokens);
  auto windows = PlanWindows(plan, tokens->size());
  if (!windows) return Fail(windows.error().code, "{}: {}", path, windows.error().message);
  TokenisedText result;
  result.digest = DigestOf(*tokens);
  result.text.tokens = std::move(*tokens);
  result.text.windows = std::move(*windows);
  if (!(*vocab)->adds_bos()) return result;
  result.bos = plan.form == WindowForm::kChunks ? BosPlace::kChunk : BosPlace::kText;
  if (result.bos == BosPlace::kChunk) result.text.first_token = (*vocab)->bos();
  return result;
}

}  // namespace tandem
