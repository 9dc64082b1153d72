// Files that are opened before what they will hold is known.
#include "cli/report_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

class ReportFileTest : public testing::ScratchFiles {
 protected:
  static std::string Content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
};

TEST_F(ReportFileTest, KeepsWhatIsThereUntilItIsWritten) {
  const std::string path = Write("report", "an older and longer report");
  auto file = ReportFile::Open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(Content(path), "an older and longer report");
  ReportFile moved = std::move(*file);
  EXPECT_TRUE(moved.Write("new"));
  EXPECT_EQ(Content(path), "new");
}

TEST_F(ReportFileTest, AFileMadeForNothingIsRemoved) {
  { ASSERT_TRUE(ReportFile::Open(Path("fresh"))); }
  EXPECT_FALSE(std::filesystem::exists(Path("fresh")));
  Write("older", "kept");
  { ASSERT_TRUE(ReportFile::Open(Path("older"))); }
  EXPECT_EQ(Content(Path("older")), "kept");
}

TEST_F(ReportFileTest, RefusesAtOnceWhatCannotBeWritten) {
  const auto folder_itself = ReportFile::Open(folder());
  ASSERT_FALSE(folder_itself);
  EXPECT_EQ(folder_itself.error().code, ErrorCode::kFile);
  EXPECT_THAT(ReportFile::Open(Path("no/such/report")).error().message, HasSubstr("no/such/report"));
}

TEST(ReportFile, TellsOfAFullDisk) {
  auto full = ReportFile::Open("/dev/full");
  ASSERT_TRUE(full);
  const Status status = full->Write("text");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace tandem
