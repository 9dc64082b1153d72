// A cloud for tests of one edge: it knows its text by heart and answers each frame at once, in one thread and
// without an engine. Included by tests only.
#pragma once

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "wire/frame.h"

namespace tandem {

class ScriptedCloud {
 public:
  // text: prompt and everything the target would write; no Open may run past its end.
  explicit ScriptedCloud(std::vector<Token> text) : text_(std::move(text)) {
    welcome.vocab = {.size = 64, .digest = Digest{7}};
    welcome.software = "scripted";
    welcome.context = 512;
    welcome.max_draft = 16;
  }

  Welcome welcome{};
  uint64_t server_us = 1'000;  // said in every answer

  std::vector<Frame> Answer(const Frame& frame) {
    if (std::holds_alternative<Hello>(frame)) return {welcome};
    if (const auto* open = std::get_if<Open>(&frame)) return Admit(*open);
    if (const auto* drafts = std::get_if<Drafts>(&frame)) return {Judge(*drafts)};
    return {};
  }

  Token At(Pos position) const { return text_[static_cast<size_t>(position)]; }

 private:
  std::vector<Frame> Admit(const Open& open) {
    const Pos length = static_cast<Pos>(open.ids.size());
    epoch_ = open.epoch;
    std::vector<Frame> frames{Opened{.length = length, .server_us = server_us}};
    for (Pos at = length; at < open.run_until; ++at) {
      frames.push_back(Verdict{.epoch = epoch_, .base = at, .token = At(at), .server_us = server_us});
    }
    return frames;
  }

  Frame Judge(const Drafts& drafts) {
    Verdict verdict{.epoch = drafts.epoch, .base = drafts.base, .server_us = server_us};
    const auto first = text_.begin() + drafts.base;
    const auto differs = std::mismatch(drafts.ids.begin(), drafts.ids.end(), first).first;
    verdict.accepted = static_cast<int32_t>(differs - drafts.ids.begin());
    verdict.token = At(drafts.base + verdict.accepted);
    verdict.judged = static_cast<int32_t>(drafts.ids.size());
    return verdict;
  }

  std::vector<Token> text_;
  uint32_t epoch_ = 0;
};

}  // namespace tandem
