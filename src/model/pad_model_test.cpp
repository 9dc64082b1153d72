// What padding leaves as it is and what it adds. That the logits stay equal is tests/pad_logits_test.cpp.
#include "model/pad_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "model/gguf_file.h"
#include "model/random_model.h"

namespace tandem {
namespace {

const std::string kDemo = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

class PadModelTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(out_); }

  ByteView Data(const GgufFile& file, const std::string& tensor) const {
    const GgufTensor* found = file.header().FindTensor(tensor);
    if (found == nullptr) return {};
    return file.bytes().subspan(found->offset, found->bytes);
  }

  const std::string out_ =
      std::filesystem::path(testing::TempDir()) /
      fmt::format("pad.{}.gguf", testing::UnitTest::GetInstance()->current_test_info()->name());
};

bool AllZero(ByteView bytes) {
  return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

TEST_F(PadModelTest, KeepsTheOldWeightsAndAddsZeros) {
  const Result<PadModelReport> report = PadModel({kDemo, 5, 1024}, out_);
  ASSERT_TRUE(report) << report.error().message;
  const GgufFile old = *OpenGguf(kDemo), padded = *OpenGguf(out_);
  const Hparams shape = *CheckModel(padded.header());
  EXPECT_EQ(shape.layers, 5);
  EXPECT_EQ(shape.ff, 1024);

  const ByteView up = Data(padded, "blk.2.ffn_up.weight"), old_up = Data(old, "blk.2.ffn_up.weight");
  ASSERT_GT(up.size(), old_up.size());
  EXPECT_TRUE(std::ranges::equal(up.first(old_up.size()), old_up));
  EXPECT_TRUE(AllZero(up.subspan(old_up.size())));

  const size_t row = ggml_row_size(GGML_TYPE_Q8_0, 1024), old_row = ggml_row_size(GGML_TYPE_Q8_0, 768);
  const ByteView down = Data(padded, "blk.1.ffn_down.weight"), old_down = Data(old, "blk.1.ffn_down.weight");
  for (const size_t i : {0u, 287u}) {
    EXPECT_TRUE(std::ranges::equal(down.subspan(i * row, old_row), old_down.subspan(i * old_row, old_row)));
    EXPECT_TRUE(AllZero(down.subspan(i * row + old_row, row - old_row)));
  }
  EXPECT_TRUE(std::ranges::equal(Data(padded, "token_embd.weight"), Data(old, "token_embd.weight")));
}

TEST_F(PadModelTest, AddedLayersWriteNothingToTheResidualRow) {
  ASSERT_TRUE(PadModel({kDemo, 5, std::nullopt}, out_));
  const GgufFile padded = *OpenGguf(out_);
  for (const char* layer : {"blk.3.", "blk.4."}) {
    EXPECT_TRUE(AllZero(Data(padded, std::string(layer) + "attn_output.weight")));
    EXPECT_TRUE(AllZero(Data(padded, std::string(layer) + "ffn_down.weight")));
    EXPECT_FALSE(AllZero(Data(padded, std::string(layer) + "attn_q.weight")));
  }
  EXPECT_FALSE(AllZero(Data(padded, "blk.2.ffn_down.weight")));
}

TEST_F(PadModelTest, RefusesFiguresThatDoNotFit) {
  struct Case {
    PadModelSpec spec;
    const char* figure;
  };
  const Case cases[] = {
      {{kDemo, 2, std::nullopt}, "has 3 layers and can be padded to 3 to 512, not 2"},
      {{kDemo, 513, std::nullopt}, "not 513"},
      {{kDemo, std::nullopt, 700}, "not 700"},
      {{kDemo, std::nullopt, 1000}, "1000 does not fit blk.0.ffn_down.weight: its type q8_0"}};
  for (const Case& c : cases) {
    const Result<PadModelReport> report = PadModel(c.spec, out_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kUsage);
    EXPECT_NE(report.error().message.find(c.figure), std::string::npos) << report.error().message;
    EXPECT_FALSE(std::filesystem::exists(out_));
  }
  EXPECT_EQ(PadModel({"/no/such.gguf", 5, std::nullopt}, out_).error().code, ErrorCode::kFile);
}

}  // namespace
}  // namespace tandem
