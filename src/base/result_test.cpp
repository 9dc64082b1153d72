// Tests of result.
#include "base/result.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tandem {
namespace {

constexpr ErrorCode kAll[] = {
    ErrorCode::kUsage, ErrorCode::kFile,     ErrorCode::kModel, ErrorCode::kContext,  ErrorCode::kNetwork,
    ErrorCode::kBusy,  ErrorCode::kProtocol, ErrorCode::kAuth,  ErrorCode::kResource, ErrorCode::kInternal};

TEST(Errors, ExitCodesAndNamesTellThemApart) {
  std::set<int> exits;
  std::set<std::string> names;
  for (const ErrorCode code : kAll) {
    exits.insert(ExitCode(code));
    names.insert(ErrorName(code));
  }
  EXPECT_EQ(exits.size(), std::size(kAll));
  EXPECT_EQ(names.size(), std::size(kAll));
  EXPECT_FALSE(exits.contains(0)) << "0 is success";
  EXPECT_GE(*exits.begin(), 1);
  EXPECT_LT(*exits.rbegin(), 126) << "126 and above belong to the shell and to signals";
}

// Scripts rely on these figures: they stand in the documentation.
TEST(Errors, ExitCodesAreThoseOfTheDocumentation) {
  EXPECT_EQ(ExitCode(ErrorCode::kInternal), 1);
  EXPECT_EQ(ExitCode(ErrorCode::kUsage), 2);
  EXPECT_EQ(ExitCode(ErrorCode::kFile), 3);
  EXPECT_EQ(ExitCode(ErrorCode::kModel), 4);
  EXPECT_EQ(ExitCode(ErrorCode::kContext), 5);
  EXPECT_EQ(ExitCode(ErrorCode::kNetwork), 6);
  EXPECT_EQ(ExitCode(ErrorCode::kBusy), 7);
  EXPECT_EQ(ExitCode(ErrorCode::kProtocol), 8);
  EXPECT_EQ(ExitCode(ErrorCode::kAuth), 9);
  EXPECT_EQ(ExitCode(ErrorCode::kResource), 10);
}

TEST(Errors, AnErrorPassesThroughResultsOfOtherTypes) {
  const Result<int> failed = Fail(ErrorCode::kContext, "{} positions, at most {}", 600, 512);
  const Result<std::string> passed = Forward(failed);
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error(), (Error{ErrorCode::kContext, "600 positions, at most 512"}));
  const Status status = Forward(passed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), failed.error());
}

}  // namespace
}  // namespace tandem
