// Finding models and reading token files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/model_path.h"
#include "cli/token_file.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

class CliFiles : public testing::ScratchFiles {};

TEST_F(CliFiles, ModelsArePathsOrNamesInAFolder) {
  std::string path = Write("some-model.gguf", "x");
  EXPECT_EQ(FindModel(path), path);
  EXPECT_FALSE(FindModel("some-model.gguf"));
  setenv("TANDEM_MODELS", folder().c_str(), 1);
  EXPECT_EQ(FindModel("some-model.gguf"), path);
  EXPECT_EQ(FindModel("some-model"), path);
  auto absent = FindModel("other-model.gguf");
  unsetenv("TANDEM_MODELS");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kFile);
  EXPECT_THAT(absent.error().message, HasSubstr(folder()));
}

TEST_F(CliFiles, AModelWithoutANameIsRefused) {
  EXPECT_EQ(FindModel("").error().code, ErrorCode::kUsage);
  EXPECT_EQ(FindModel(folder() + "/absent.gguf").error().message, folder() + "/absent.gguf: no such file");
}

TEST_F(CliFiles, TokensAreTheFirstLineWithoutBlanksAround) {
  EXPECT_EQ(ReadTokenFile(Write("a", "sesame\nmore\n")), "sesame");
  EXPECT_EQ(ReadTokenFile(Write("b", "  sesame \r\n")), "sesame");
  EXPECT_EQ(ReadTokenFile(Write("c", "sesame")), "sesame");
}

TEST_F(CliFiles, BadTokenFilesAreRefused) {
  for (const std::string& path :
       {folder() + "/absent", folder(), Write("empty", ""), Write("blank", " \nsesame\n"),
        Write("two", "open sesame"), Write("binary", std::string("a\0b", 3)),
        Write("long", std::string(5000, 'a'))}) {
    auto token = ReadTokenFile(path);
    ASSERT_FALSE(token) << path;
    EXPECT_EQ(token.error().code, ErrorCode::kFile);
    EXPECT_THAT(token.error().message, HasSubstr(path));
  }
}

}  // namespace
}  // namespace tandem
