// Tests of integer_stack.
#include "codec/integer_stack.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace tandem {
namespace {

TEST(IntegerStack, BytesAreLittleEndianAndMinimal) {
  IntegerStack stack;
  EXPECT_TRUE(stack.IsZero());
  EXPECT_TRUE(stack.ToBytes().empty());
  stack.Push(1, 2);
  stack.Push(2, 256);
  stack.Push(3, 256);
  EXPECT_EQ(stack.ToBytes(), (Bytes{3, 2, 1}));
  EXPECT_TRUE(IntegerStack(Bytes{0, 0, 0, 0, 0}).IsZero());
}

RC_GTEST_PROP(IntegerStack, PopsWhatWasPushed, (Bytes start)) {
  const IntegerStack before(start);
  IntegerStack stack = before;
  std::vector<std::pair<uint32_t, uint32_t>> pushed;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    const auto base = *rc::gen::inRange<uint32_t>(1, std::numeric_limits<uint32_t>::max());
    pushed.push_back({*rc::gen::inRange<uint32_t>(0, base), base});
    stack.Push(pushed.back().first, pushed.back().second);
  }
  stack = IntegerStack(stack.ToBytes());
  for (; !pushed.empty(); pushed.pop_back())
    RC_ASSERT(stack.Pop(pushed.back().second) == pushed.back().first);
  RC_ASSERT(stack.ToBytes() == before.ToBytes());
}

// The other way round: what was popped can be put back, so every number is one message.
RC_GTEST_PROP(IntegerStack, PushesWhatWasPopped, (Bytes start)) {
  IntegerStack stack(start);
  const Bytes before = stack.ToBytes();
  std::vector<std::pair<uint32_t, uint32_t>> popped;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    const auto base = *rc::gen::inRange<uint32_t>(1, 1u << 20);
    popped.push_back({stack.Pop(base), base});
    RC_ASSERT(popped.back().first < base);
  }
  for (; !popped.empty(); popped.pop_back()) stack.Push(popped.back().first, popped.back().second);
  RC_ASSERT(stack.ToBytes() == before);
}

RC_GTEST_PROP(IntegerStack, SharesComeBack, (Bytes start)) {
  const auto total = *rc::gen::inRange<uint32_t>(1, 5000);
  const auto below = *rc::gen::inRange<uint32_t>(0, total);
  const auto count = *rc::gen::inRange<uint32_t>(1, total - below + 1);
  IntegerStack stack(start);
  const Bytes before = stack.ToBytes();
  stack.PushShare({below, count, total});
  const uint32_t mark = stack.Pop(total);
  RC_ASSERT(mark >= below && mark < below + count);
  stack.Restore({below, count, total}, mark);
  RC_ASSERT(stack.ToBytes() == before);
}

// A symbol of half the shares costs one bit, one of a thousandth ten.
TEST(IntegerStack, ASharesPriceIsItsLogarithm) {
  IntegerStack half, rare;
  for (int i = 0; i < 800; ++i) {
    half.PushShare({500, 500, 1000});
    rare.PushShare({999, 1, 1000});
  }
  EXPECT_NEAR(static_cast<double>(half.ToBytes().size()), 100.0, 2.0);
  EXPECT_NEAR(static_cast<double>(rare.ToBytes().size()), 996.6, 2.0);
}

}  // namespace
}  // namespace tandem
