// What GgufWriter writes, GgufHeader::Parse reads back; a file appears only when it is whole.
#include "model/gguf_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "model/gguf_file.h"

namespace tandem {
namespace {

class GgufWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("gguf_writer.{}", testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "model.gguf";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
  std::string path_;
};

const std::vector<GgufTensorSpec> kTwoTensors = {{"a", GGML_TYPE_F32, {3, 2, 1, 1}},
                                                 {"b", GGML_TYPE_Q8_0, {64, 1, 1, 1}}};

Bytes Counting(size_t n) {
  Bytes bytes(n);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  return bytes;
}

GgufMetadata SomeMetadata() {
  GgufMetadata metadata;
  metadata.SetText("general.architecture", "llama");
  metadata.SetU32("a.number", 7);
  metadata.SetF32("a.float", 0.5f);
  metadata.SetBool("a.flag", true);
  const std::string texts[] = {"one", "", "three"};
  metadata.SetTexts("a.texts", texts);
  return metadata;
}

TEST_F(GgufWriterTest, ReadsBackAsWritten) {
  Result<GgufWriter> writer = GgufWriter::Create(path_, SomeMetadata(), kTwoTensors);
  ASSERT_TRUE(writer) << writer.error().message;
  const Bytes a = Counting(24), b = Counting(68);
  ASSERT_TRUE(writer->Append(ByteView(a).first(10)));
  ASSERT_TRUE(writer->Append(ByteView(a).subspan(10)));
  ASSERT_TRUE(writer->Append(b));
  ASSERT_TRUE(writer->Finish());

  const Result<GgufFile> file = OpenGguf(path_);
  ASSERT_TRUE(file) << file.error().message;
  const GgufHeader& header = file->header();
  EXPECT_EQ(**header.String("general.architecture"), "llama");
  EXPECT_EQ(**header.Int("a.number", 0, 10), 7);
  EXPECT_EQ(**header.Float("a.float"), 0.5);
  EXPECT_EQ(**header.Bool("a.flag"), true);
  EXPECT_EQ(GgufTexts(*header.Find("a.texts")), (std::vector<std::string>{"one", "", "three"}));
  ASSERT_EQ(header.tensors().size(), 2u);
  const GgufTensor& first = header.tensors()[0];
  const GgufTensor& second = header.tensors()[1];
  EXPECT_EQ(first.shape, (std::array<int64_t, 4>{3, 2, 1, 1}));
  EXPECT_EQ(second.type, GGML_TYPE_Q8_0);
  EXPECT_TRUE(std::ranges::equal(file->bytes().subspan(first.offset, first.bytes), a));
  EXPECT_TRUE(std::ranges::equal(file->bytes().subspan(second.offset, second.bytes), b));
}

TEST_F(GgufWriterTest, AnUnfinishedFileLeavesNothing) {
  {
    Result<GgufWriter> writer = GgufWriter::Create(path_, SomeMetadata(), kTwoTensors);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->Append(Counting(24)));
    EXPECT_FALSE(writer->Finish());
    EXPECT_EQ(FilesInFolder(), 1u);
  }
  EXPECT_EQ(FilesInFolder(), 0u);
}

TEST_F(GgufWriterTest, RefusesBytesPastATensor) {
  Result<GgufWriter> writer = GgufWriter::Create(path_, SomeMetadata(), kTwoTensors);
  ASSERT_TRUE(writer);
  EXPECT_FALSE(writer->Append(Counting(25)));
}

TEST_F(GgufWriterTest, RefusesShapesThatTheTypeCannotHave) {
  for (const GgufTensorSpec& bad :
       {GgufTensorSpec{"x", GGML_TYPE_Q8_0, {33, 1, 1, 1}}, GgufTensorSpec{"x", GGML_TYPE_F32, {0, 1, 1, 1}},
        GgufTensorSpec{"", GGML_TYPE_F32, {1, 1, 1, 1}},
        GgufTensorSpec{std::string(64, 'x'), GGML_TYPE_F32, {1, 1, 1, 1}}}) {
    const Result<GgufWriter> writer = GgufWriter::Create(path_, SomeMetadata(), {bad});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::kUsage);
  }
}

TEST_F(GgufWriterTest, SaysWhereItCannotWrite) {
  const Result<GgufWriter> writer =
      GgufWriter::Create(folder_ / "no" / "such.gguf", SomeMetadata(), kTwoTensors);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kFile);
  EXPECT_NE(writer.error().message.find("no/such.gguf"), std::string::npos) << writer.error().message;
}

TEST(GgufMetadataTest, LayerArraysFollowTheLayerCount) {
  GgufMetadata metadata;
  metadata.Set("llama.heads", {GgufType::kU8, true, 2, {5, 6}});
  metadata.Set("llama.sections", {GgufType::kU8, true, 4, {1, 2, 3, 4}});
  metadata.ResizeLayerArrays("llama.", 2, 5);
  EXPECT_EQ(metadata.entries()[0].second.bytes, (Bytes{5, 6, 5, 6, 5}));
  EXPECT_EQ(metadata.entries()[0].second.count, 5u);
  EXPECT_EQ(metadata.entries()[1].second.count, 4u);
}

}  // namespace
}  // namespace tandem
