// Where the cache lies, and files that are whole or not there.
#include "base/user_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "testing/scratch_files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class UserCache : public testing::ScratchFiles {};

TEST_F(UserCache, LiesWhereTheUserSays) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before != nullptr ? before : "";
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(UserCacheFolder(), "/x/tandem");
  EXPECT_EQ(UserCacheFolder("hashes"), "/x/tandem/hashes");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", std::getenv("HOME") != nullptr ? std::getenv("HOME") : "/h", 1);
  EXPECT_EQ(UserCacheFolder(), std::string(std::getenv("HOME")) + "/.cache/tandem");
  if (before != nullptr) setenv("XDG_CACHE_HOME", kept.c_str(), 1);
}

TEST_F(UserCache, WritesWholeFilesAndNothingBeside) {
  const std::string path = Path("deep/down/file");
  const Bytes first(300'000, 7), second{1, 2, 3};
  ASSERT_TRUE(WriteWhole(path, first));
  EXPECT_EQ(ReadWhole(path, first.size()), first);
  ASSERT_TRUE(WriteWhole(path, second));
  EXPECT_EQ(ReadWhole(path, 3), second);
  EXPECT_EQ(std::distance(fs::directory_iterator(Path("deep/down")), fs::directory_iterator{}), 1);
}

TEST_F(UserCache, ReadsNothingTooLongOrMissing) {
  ASSERT_TRUE(WriteWhole(Path("file"), Bytes(10)));
  EXPECT_EQ(ReadWhole(Path("file"), 9), std::nullopt);
  EXPECT_EQ(ReadWhole(Path("absent"), 9), std::nullopt);
  EXPECT_EQ(ReadWhole(folder(), 1 << 20), std::nullopt);
}

TEST_F(UserCache, SaysWhatCannotBeWritten) {
  Write("plain", "a file where a folder should be");
  const Status status = WriteWhole(Path("plain/file"), Bytes(1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kFile);
  EXPECT_NE(status.error().message.find("plain/file"), std::string::npos);
}

}  // namespace
}  // namespace tandem
