// Tests of sparse_draft.
#include "base/sparse_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using testing::HasSubstr;

constexpr DraftGrid kGrid{.vocab = 10, .max_ids = 3, .lattice = 8};

std::string Why(const SparseDraft& law) {
  const Status status = Check(law, kGrid);
  if (status) return "";
  EXPECT_EQ(status.error().code, ErrorCode::kProtocol);
  return status.error().message;
}

TEST(SparseDraft, SharesAreCountsOverTheLattice) {
  const SparseDraft law{.ids = {2, 5, 9}, .counts = {1, 4, 3}};
  EXPECT_EQ(law.Lattice(), 8u);
  EXPECT_EQ(law.Share(5), 0.5);
  EXPECT_EQ(law.Share(9), 0.375);
  EXPECT_EQ(law.Share(3), 0.0);
  EXPECT_EQ(law.Share(10), 0.0);
  EXPECT_EQ(law.Find(2), 0u);
  EXPECT_EQ(law.Find(1), 3u);
}

TEST(SparseDraft, OnlyLawsOfTheGridPass) {
  EXPECT_EQ(Why({.ids = {0, 9}, .counts = {1, 7}}), "");
  EXPECT_THAT(Why({}), HasSubstr("0 ids and 0 counts"));
  EXPECT_THAT(Why({.ids = {0, 1, 2, 3}, .counts = {2, 2, 2, 2}}), HasSubstr("4 ids"));
  EXPECT_THAT(Why({.ids = {0, 1}, .counts = {8}}), HasSubstr("2 ids and 1 counts"));
  EXPECT_THAT(Why({.ids = {1, 0}, .counts = {4, 4}}), HasSubstr("is 0, outside 2..9"));
  EXPECT_THAT(Why({.ids = {1, 1}, .counts = {4, 4}}), HasSubstr("is 1, outside 2..9"));
  EXPECT_THAT(Why({.ids = {1, 10}, .counts = {4, 4}}), HasSubstr("is 10, outside 2..9"));
  EXPECT_THAT(Why({.ids = {-1, 1}, .counts = {4, 4}}), HasSubstr("is -1, outside 0..9"));
  EXPECT_THAT(Why({.ids = {1, 2}, .counts = {8, 0}}), HasSubstr("id 2 of a draft law has no share"));
  EXPECT_THAT(Why({.ids = {1, 2}, .counts = {4, 3}}), HasSubstr("7 shares of 8"));
  EXPECT_THAT(Why({.ids = {1, 2, 3}, .counts = {4, 0xFFFFFFFFu, 5}}), HasSubstr("shares of 8"))
      << "sums do not wrap";
}

TEST(SparseDraft, EachDraftedIdHasItsLaw) {
  const SparseDraft law{.ids = {2, 5}, .counts = {4, 4}};
  const std::vector<SparseDraft> laws{law, law};
  EXPECT_TRUE(CheckDrafted(std::vector<Token>{2, 5}, laws, kGrid));
  EXPECT_THAT(CheckDrafted(std::vector<Token>{2}, laws, kGrid).error().message, HasSubstr("1 drafted ids"));
  EXPECT_THAT(CheckDrafted(std::vector<Token>{2, 3}, laws, kGrid).error().message,
              HasSubstr("drafted id 3 is outside its own law"));
}

TEST(DraftGrid, HasBounds) {
  EXPECT_TRUE(Check(DraftGrid{.vocab = 200'000, .max_ids = 64, .lattice = 4096}));
  EXPECT_TRUE(Check(DraftGrid{.vocab = 1, .max_ids = 1, .lattice = 1}));
  for (const DraftGrid& bad : {DraftGrid{.vocab = 0, .max_ids = 1, .lattice = 1},
                               DraftGrid{.vocab = 5, .max_ids = 6, .lattice = 100},
                               DraftGrid{.vocab = 5, .max_ids = 3, .lattice = 2},
                               DraftGrid{.vocab = 100, .max_ids = 65, .lattice = 100},
                               DraftGrid{.vocab = 100, .max_ids = 8, .lattice = 4097},
                               DraftGrid{.vocab = 100, .max_ids = 0, .lattice = 100}}) {
    const Status status = Check(bad);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace tandem
