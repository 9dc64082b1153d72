// Traces of fake pairs, whose drafts are known to stand or fall, and the figure that sorts them.
#include "lab/draft_trace.h"

#include <gtest/gtest.h>

#include "decode/fake_engine.h"
#include "sample/sampler.h"

namespace tandem {
namespace {

DraftSample Sample(double margin, bool stands) {
  DraftSample sample{.stands = stands};
  sample.surety.fill(margin);
  return sample;
}

double ShareThatStands(const std::vector<DraftSample>& trace) {
  double stood = 0;
  for (const DraftSample& draft : trace) stood += draft.stands ? 1 : 0;
  return stood / static_cast<double>(trace.size());
}

TEST(Separation, IsTheChanceThatTheSurerOneStands) {
  EXPECT_EQ(Separation({Sample(1, false), Sample(2, true), Sample(3, true)}, Surety::kMargin), 1);
  EXPECT_EQ(Separation({Sample(1, true), Sample(2, false)}, Surety::kMargin), 0);
  EXPECT_EQ(Separation({Sample(1, true), Sample(1, false)}, Surety::kMargin), 0.5);
  EXPECT_EQ(
      Separation({Sample(1, true), Sample(2, false), Sample(3, true), Sample(4, true)}, Surety::kMargin),
      2.0 / 3);
  EXPECT_EQ(Separation({Sample(1, true)}, Surety::kMargin), 0) << "nothing to tell apart";
}

TEST(TraceDrafts, ADraftThatIsTheTargetAlwaysStands) {
  FakeEngine target({.salt = 5}), same({.salt = 5}), other({.salt = 6});
  const SamplingParams params{.seed = 2};
  const auto never = [](Token) { return false; };
  const auto trace = TraceDrafts({&target, &same}, params, {1, 2, 3}, 50, never);
  ASSERT_TRUE(trace);
  ASSERT_EQ(trace->size(), 50u);
  EXPECT_EQ(ShareThatStands(*trace), 1);
  const auto strange = TraceDrafts({&target, &other}, params, {1, 2, 3}, 50, never);
  ASSERT_TRUE(strange);
  EXPECT_LT(ShareThatStands(*strange), 0.5);
}

TEST(TraceDrafts, ReadsTheDraftsOwnMargin) {
  FakeEngine target({.salt = 5}), draft({.salt = 6}), twin({.salt = 6});
  const SamplingParams params{.seed = 4};
  const auto trace = TraceDrafts({&target, &draft}, params, {7}, 1, [](Token) { return false; });
  const SeqId seq = twin.Open().value();
  const std::vector<Token> prompt = {7};
  const SeqRows rows{.seq = seq, .first = 0, .tokens = prompt, .logits = 1};
  Sampler sampler(params);
  const RaceResult pick = sampler.PickWithMargin((*twin.Step({&rows, 1}))[0], prompt);
  EXPECT_EQ(trace->front().Of(Surety::kMargin), pick.margin);
}

TEST(TraceDrafts, EndsWithTheTextAndWithTheContext) {
  FakeEngine target({.context = 20, .salt = 5}), draft({.context = 20, .salt = 6});
  int asked = 0;
  const auto third = [&](Token) { return ++asked == 3; };
  EXPECT_EQ(TraceDrafts({&target, &draft}, {}, {1}, 50, third)->size(), 3u);
  EXPECT_EQ(TraceDrafts({&target, &draft}, {}, {1}, 50, [](Token) { return false; })->size(), 19u);
}

}  // namespace
}  // namespace tandem
