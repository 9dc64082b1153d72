// Tests of prefill.
#include "decode/prefill.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace tandem {
namespace {

using Spans = std::vector<PromptSpan>;

// The rule of prefill.h said position by position: the aligned block that holds `p` lies within a prompt and
// does not hold its last token.
bool IsBulk(const Spans& spans, Pos p) {
  const Pos block = p - p % kBulkRows;
  return std::any_of(spans.begin(), spans.end(), [&](const PromptSpan& span) {
    return span.begin <= block && block + kBulkRows <= span.end - 1;
  });
}

bool CutsBlock(const Spans& spans, Pos p) {
  return p % kBulkRows != 0 && IsBulk(spans, p);
}

// Up to four prompts with gaps, some of them short, some of several blocks.
Spans AnySpans() {
  Spans spans;
  Pos end = 0;
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    const Pos begin = end + *rc::gen::element(0, 1, 7, 63, 64, 100);
    end = begin + 1 + *rc::gen::inRange(0, 320);
    // Often an end at a block's edge, where the last token decides.
    if (*rc::gen::element(true, false))
      end = end / kBulkRows * kBulkRows + *rc::gen::inRange(kBulkRows, kBulkRows + 2);
    spans.push_back({begin, end});
  }
  return spans;
}

Pos AnyLength() {
  return *rc::gen::inRange(0, 1500);
}

std::vector<PrefillChunk> Plan(const Spans& spans, Pos from, Pos to, int max_rows = 512) {
  return PlanPrefill(spans, from, to, max_rows);
}

bool Same(const std::vector<PrefillChunk>& chunks, const std::vector<PrefillChunk>& expected) {
  return std::equal(chunks.begin(), chunks.end(), expected.begin(), expected.end(),
                    [](const PrefillChunk& a, const PrefillChunk& b) {
                      return a.begin == b.begin && a.end == b.end && a.bulk == b.bulk;
                    });
}

TEST(Prefill, WholeBlocksOfAPromptGoInBulkAndItsTailDoesNot) {
  EXPECT_TRUE(Same(Plan({{0, 200}}, 0, 200), {{0, 192, true}, {192, 200, false}}));
  EXPECT_TRUE(Same(Plan({{0, 64}}, 0, 64), {{0, 64, false}})) << "the last token is small, so is its block";
  EXPECT_TRUE(Same(Plan({{0, 65}}, 0, 65), {{0, 64, true}, {64, 65, false}}));
  EXPECT_TRUE(Same(Plan({{0, 193}}, 0, 193), {{0, 192, true}, {192, 193, false}}));
}

TEST(Prefill, AMiddlePromptBeginsWithItsFirstAlignedBlock) {
  EXPECT_TRUE(
      Same(Plan({{0, 10}, {70, 300}}, 0, 310), {{0, 128, false}, {128, 256, true}, {256, 310, false}}));
}

TEST(Prefill, WithoutPromptsNothingIsBulk) {
  EXPECT_TRUE(Same(Plan({}, 0, 700, 512), {{0, 512, false}, {512, 700, false}}));
}

TEST(Prefill, ABlockThatIsCutWaits) {
  EXPECT_TRUE(Same(Plan({{0, 200}}, 0, 100), {{0, 64, true}}));
  EXPECT_EQ(PrefillStart(Spans{{0, 200}}, 100), 64);
  EXPECT_EQ(PrefillStart(Spans{{0, 200}}, 195), 195) << "the tail can be cut anywhere";
}

TEST(Prefill, TooFewRowsCountAsOneBlock) {
  EXPECT_TRUE(Same(Plan({{0, 130}}, 0, 130, 1), {{0, 64, true}, {64, 128, true}, {128, 130, false}}));
}

RC_GTEST_PROP(Prefill, ChunksFollowEachOtherWithinBounds, ()) {
  const Spans spans = AnySpans();
  const int max_rows = *rc::gen::inRange(static_cast<int>(kBulkRows), 600);
  const Pos to = AnyLength();
  const Pos from = PrefillStart(spans, *rc::gen::inRange(0, to + 1));
  Pos at = from;
  for (const PrefillChunk& chunk : Plan(spans, from, to, max_rows)) {
    RC_ASSERT(chunk.begin == at);
    RC_ASSERT(chunk.end > chunk.begin);
    RC_ASSERT(chunk.end - chunk.begin <= max_rows);
    if (chunk.bulk) RC_ASSERT(chunk.begin % kBulkRows == 0 && chunk.end % kBulkRows == 0);
    at = chunk.end;
  }
  RC_ASSERT(at == std::max(from, PrefillStart(spans, to)));
}

// Hence neither the cuts nor the batch size change a row's kernel.
RC_GTEST_PROP(Prefill, ARowsClassIsItsPositionsAlone, ()) {
  const Spans spans = AnySpans();
  const int max_rows = *rc::gen::inRange(static_cast<int>(kBulkRows), 600);
  const Pos to = AnyLength();
  const Pos from = PrefillStart(spans, *rc::gen::inRange(0, to + 1));
  for (const PrefillChunk& chunk : Plan(spans, from, to, max_rows)) {
    for (Pos p = chunk.begin; p < chunk.end; ++p) RC_ASSERT(chunk.bulk == IsBulk(spans, p));
  }
}

RC_GTEST_PROP(Prefill, StartIsTheLastPlaceThatCutsNoBlock, ()) {
  const Spans spans = AnySpans();
  const Pos length = AnyLength();
  Pos expected = length;
  while (CutsBlock(spans, expected)) --expected;
  RC_ASSERT(PrefillStart(spans, length) == expected);
}

// The last token's row gives the first logits and belongs to the first decode step.
RC_GTEST_PROP(Prefill, APromptsLastTokenIsSmall, ()) {
  const Spans spans = AnySpans();
  for (const PromptSpan& span : spans) {
    const std::vector<PrefillChunk> chunks = Plan(spans, 0, span.end);
    RC_ASSERT(!chunks.empty() && !chunks.back().bulk && chunks.back().end == span.end);
  }
}

}  // namespace
}  // namespace tandem
