// See perplexity_windows.h.
#include "lab/perplexity_windows.h"

#include <algorithm>

namespace tandem {

namespace {

Status Check(const WindowPlan& plan, size_t tokens) {
  if (plan.context < (plan.form == WindowForm::kChunks ? 3 : 2))
    return Fail(ErrorCode::kUsage, "a window of {} tokens scores none", plan.context);
  if (plan.form == WindowForm::kHf && (plan.stride < 1 || plan.stride > plan.context))
    return Fail(ErrorCode::kUsage, "a stride of {} tokens, expected 1 to the window's {}", plan.stride,
                plan.context);
  const auto window = static_cast<size_t>(plan.context);
  if (tokens < window)
    return Fail(ErrorCode::kContext, "a text of {} tokens is shorter than a window of {}", tokens, window);
  if (plan.form == WindowForm::kChunks && tokens < 2 * window)
    return Fail(ErrorCode::kContext, "a text of {} tokens is shorter than two chunks of {}", tokens, window);
  return {};
}

std::vector<TextWindow> Sliding(const WindowPlan& plan, size_t tokens) {
  std::vector<TextWindow> windows;
  size_t scored_to = 0;
  for (size_t begin = 0; scored_to < tokens; begin += static_cast<size_t>(plan.stride)) {
    const size_t end = std::min(tokens, begin + static_cast<size_t>(plan.context));
    const int length = static_cast<int>(end - begin), fresh = static_cast<int>(end - scored_to);
    const int scored = std::min(fresh, length - 1);  // a window's first token has no past
    scored_to = end;
    if (scored == 0) continue;  // a last token alone
    windows.push_back({begin, length, scored, plan.weight == VoteWeight::kHf ? fresh - 1 : scored});
  }
  return windows;
}

std::vector<TextWindow> Chunks(const WindowPlan& plan, size_t tokens) {
  const int scored = plan.context - plan.context / 2 - 1;
  std::vector<TextWindow> windows(tokens / static_cast<size_t>(plan.context));
  for (size_t i = 0; i < windows.size(); ++i) {
    windows[i] = {i * static_cast<size_t>(plan.context), plan.context, scored, scored};
  }
  return windows;
}

}  // namespace

const char* FormName(WindowForm form) {
  return form == WindowForm::kHf ? "hf" : "chunks";
}

const char* WeightName(VoteWeight weight) {
  return weight == VoteWeight::kHf ? "hf" : "exact";
}

Result<std::vector<TextWindow>> PlanWindows(const WindowPlan& plan, size_t tokens) {
  if (Status s = Check(plan, tokens); !s) return Forward(s);
  auto windows = plan.form == WindowForm::kHf ? Sliding(plan, tokens) : Chunks(plan, tokens);
  if (plan.most > 0 && windows.size() > plan.most) windows.resize(plan.most);
  return windows;
}

double WeighedLoss(const TextWindow& window, double nll) {
  return window.votes == window.scored ? nll : nll / window.scored * window.votes;
}

}  // namespace tandem
