// The digest is the file's, cached or not, and a changed file is hashed again.
#include "model/weights_hash.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tandem {
namespace {

namespace fs = std::filesystem;

class WeightsHashTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(std::string_view text) { std::ofstream(file_) << text; }
  size_t Entries() const {
    return fs::exists(cache_) ? static_cast<size_t>(std::distance(fs::directory_iterator(cache_), {})) : 0;
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / fmt::format("weights_hash.{}", getpid());
  const std::string file_ = folder_ / "model.gguf", cache_ = folder_ / "cache" / "hashes";
};

TEST_F(WeightsHashTest, IsSha256OfTheBytes) {
  Write("abc");
  const char* expected =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2, B.1
  EXPECT_EQ(Hex(*WeightsHash(file_, "")), expected);
  EXPECT_EQ(Entries(), 0u);
  EXPECT_EQ(Hex(*WeightsHash(file_, cache_)), expected);
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(WeightsHashTest, ACachedDigestIsUsedWhileTheFileStays) {
  Write("abc");
  ASSERT_TRUE(WeightsHash(file_, cache_));
  // An entry that says something else shows that it is read.
  const std::string other(64, '7');
  std::ofstream(fs::directory_iterator(cache_)->path()) << other << "\n";
  EXPECT_EQ(Hex(*WeightsHash(file_, cache_)), other);
  Write("abcd");
  EXPECT_EQ(*WeightsHash(file_, cache_), *WeightsHash(file_, ""));
  EXPECT_EQ(Entries(), 2u);
}

TEST_F(WeightsHashTest, ADamagedOrForbiddenCacheIsPassedOver) {
  Write("abc");
  const Digest digest = *WeightsHash(file_, cache_);
  std::ofstream(fs::directory_iterator(cache_)->path()) << "not a digest\n";
  EXPECT_EQ(*WeightsHash(file_, cache_), digest);
  EXPECT_EQ(*WeightsHash(file_, "/proc/none/of/this"), digest);
  EXPECT_EQ(WeightsHash(folder_ / "absent", cache_).error().code, ErrorCode::kFile);
}

}  // namespace
}  // namespace tandem
