// Tests of rule.
#include "base/rule.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Rule, NamesAreReadBack) {
  for (const Rule rule : {Rule::kCoupled, Rule::kToken, Rule::kBlock}) {
    const Result<Rule> read = ParseRule(RuleName(rule));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, rule);
  }
  const Result<Rule> none = ParseRule("typical");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
  EXPECT_EQ(none.error().message, "'typical' is no rule: coupled, token and block are");
}

TEST(Rule, OnlyTheCoupledRuleTravelsWithoutLaws) {
  EXPECT_FALSE(NeedsLaws(Rule::kCoupled));
  EXPECT_TRUE(NeedsLaws(Rule::kToken));
  EXPECT_TRUE(NeedsLaws(Rule::kBlock));
}

}  // namespace
}  // namespace tandem
