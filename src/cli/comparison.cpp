// See comparison.h.
#include "cli/comparison.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tandem {

namespace {

class Comparing {
 public:
  Comparing(EdgeModel& edge, Comparison& comparison, const std::function<void()>& wrote,
            const std::atomic<bool>& cancel)
      : plan_(comparison.plan), edge_(edge), comparison_(comparison), wrote_(wrote), cancel_(cancel) {}

  // One dialer a round trip.
  Status Prepare(std::vector<CloudRoute> routes) {
    clouds_ = static_cast<int32_t>(routes.size());
    for (const Micros rtt : plan_.round_trips) {
      for (CloudRoute& route : routes) route.shape.rtt = rtt;
      auto dial = MakeDialer(routes);
      if (!dial) return Forward(dial);
      dialers_.push_back(std::move(*dial));
    }
    return {};
  }

  Status WarmUp() {
    for (int i = 0; i < plan_.warmup; ++i) {
      for (size_t c = 0; c < plan_.contenders.size(); ++c) {
        auto text = WriteOne({.contender = c});
        if (!text) return Forward(text);
      }
    }
    return {};
  }

  Status Measure() {
    for (int iteration = 0; iteration < plan_.iterations; ++iteration) {
      for (size_t prompt = 0; prompt < plan_.prompts.size(); ++prompt) {
        for (size_t rtt = 0; rtt < plan_.round_trips.size(); ++rtt) {
          if (Status s = MeasureAll({.round_trip = rtt, .prompt = prompt, .iteration = iteration}); !s)
            return s;
        }
      }
    }
    return {};
  }

 private:
  // Each contender once; the first one changes, so that none always follows the same other.
  Status MeasureAll(ComparedText text) {
    const size_t count = plan_.contenders.size();
    for (size_t turn = 0; turn < count && !cancel_; ++turn) {
      text.contender = (turn + turns_) % count;
      auto written = WriteOne(text);
      if (!written) return Forward(written);
      if (*written) comparison_.texts.push_back(std::move(**written));
    }
    ++turns_;
    return {};
  }

  // nullopt when it was cancelled: what is there of it is no measurement.
  Result<std::optional<ComparedText>> WriteOne(ComparedText text) {
    if (cancel_) return std::nullopt;
    auto report =
        WriteAs(plan_.contenders[text.contender], SpecOf(text), edge_, dialers_[text.round_trip], cancel_);
    if (cancel_) return std::nullopt;
    if (!report) return Forward(report);
    text.report = std::move(*report);
    wrote_();
    return text;
  }

  WritingSpec SpecOf(const ComparedText& text) const {
    WritingSpec spec;
    spec.prompt = plan_.prompts[text.prompt];
    spec.max_tokens = plan_.tokens;
    spec.sampling = plan_.sampling;
    spec.sampling.seed = plan_.SeedOf(text.prompt, text.iteration);
    spec.clouds = clouds_;
    return spec;
  }

  const ComparisonPlan& plan_;
  EdgeModel& edge_;
  Comparison& comparison_;
  const std::function<void()>& wrote_;
  const std::atomic<bool>& cancel_;
  std::vector<Dialer> dialers_;
  int32_t clouds_ = 1;
  size_t turns_ = 0;
};

}  // namespace

uint64_t ComparisonPlan::SeedOf(size_t prompt, int iteration) const {
  return sampling.seed + prompt + static_cast<uint64_t>(iteration) * prompts.size();
}

size_t ComparisonPlan::CountedTexts() const {
  return static_cast<size_t>(iterations) * prompts.size() * round_trips.size() * contenders.size();
}

size_t ComparisonPlan::AllTexts() const {
  return CountedTexts() + static_cast<size_t>(warmup) * contenders.size();
}

bool Comparison::Identical() const {
  std::map<std::pair<size_t, int>, const TextReport*> first;
  for (const ComparedText& text : texts) {
    if (text.report.mode == Mode::kEdge) continue;  // another model's text
    const auto [known, fresh] = first.emplace(std::pair(text.prompt, text.iteration), &text.report);
    if (!fresh && known->second->tokens != text.report.tokens) return false;
  }
  return true;
}

size_t Comparison::TextsOfTheCloud() const {
  return static_cast<size_t>(std::count_if(
      texts.begin(), texts.end(), [](const ComparedText& text) { return text.report.mode != Mode::kEdge; }));
}

Status TakePrompts(const std::vector<std::string>& from, size_t most, const EdgeModel& edge,
                   ComparisonPlan& plan) {
  for (size_t i = 0; i < from.size() && plan.prompts.size() < most; ++i) {
    const auto ids = edge.vocab->Tokenize(from[i], true, true);
    if (!ids) return Forward(ids);
    const auto room = static_cast<size_t>(edge.draft->info().context);
    if (ids->size() + static_cast<size_t>(plan.tokens) <= room) {
      plan.prompts.push_back(from[i]);
    } else {
      ++plan.skipped;
    }
  }
  if (!plan.prompts.empty()) return {};
  return Fail(ErrorCode::kContext, "none of {} prompts leaves room for {} tokens in the context of {}",
              from.size(), plan.tokens, edge.draft->info().context);
}

Status Compare(const std::vector<CloudRoute>& routes, EdgeModel& edge, Comparison& comparison,
               const std::function<void()>& wrote, const std::atomic<bool>& cancel) {
  Comparing comparing(edge, comparison, wrote, cancel);
  if (Status s = comparing.Prepare(routes); !s) return s;
  if (Status s = comparing.WarmUp(); !s) return s;
  if (Status s = comparing.Measure(); !s) return s;
  comparison.complete = comparison.texts.size() == comparison.plan.CountedTexts();
  return {};
}

}  // namespace tandem
