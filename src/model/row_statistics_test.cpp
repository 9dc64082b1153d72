// Figures of rows are read back from a file's metadata as they were written, and refused when they make no
// sense.
#include "model/row_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "model/gguf_writer.h"
#include "model/hparams.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kLayers = 6, kWidth = 3, kHeads = 2;

RowStatistics Some(int cut) {
  RowStatistics rows{.cut = cut, .sink_threshold = 5.5f + static_cast<float>(cut)};
  float next = 1;
  for (ChannelStatistics& kind : rows.channels) {
    for (int i = 0; i < kWidth; ++i) {
      kind.low.push_back(-next++);
      kind.high.push_back(next++);
      kind.mean_magnitude.push_back(next++);
    }
  }
  return rows;
}

Result<std::vector<RowStatistics>> Read(const GgufMetadata& metadata) {
  const Bytes file = GgufHeaderBytes(metadata, {});
  const auto header = GgufHeader::Parse(file);
  EXPECT_TRUE(header) << header.error().message;
  Hparams model;
  model.layers = kLayers, model.width = kWidth, model.heads = kHeads;
  return ReadRowStatistics(*header, model);
}

GgufMetadata Written(const std::vector<RowStatistics>& rows) {
  GgufMetadata metadata;
  AddRowStatistics(rows, metadata);
  return metadata;
}

void ExpectRefused(const GgufMetadata& metadata, const std::string& figure) {
  const auto rows = Read(metadata);
  ASSERT_FALSE(rows) << figure;
  EXPECT_EQ(rows.error().code, ErrorCode::kFile);
  EXPECT_THAT(rows.error().message, HasSubstr(figure));
}

TEST(RowStatistics, AreReadBackAsWritten) {
  EXPECT_EQ(Read(Written({Some(0), Some(2), Some(6)})).value(),
            (std::vector<RowStatistics>{Some(0), Some(2), Some(6)}));
  EXPECT_THAT(Read(Written({})).value(), IsEmpty());
}

TEST(RowStatistics, HeadsCountWhereTheyWereMeasured) {
  const auto weighed = [](std::vector<float> weights) {
    std::vector<RowStatistics> rows = {Some(0), Some(2)};
    rows[1].head_weights = std::move(weights);
    return rows;
  };
  EXPECT_EQ(Read(Written(weighed({0.25f, 0.75f}))).value(), weighed({0.25f, 0.75f}));
  ExpectRefused(Written(weighed({1, 0, 0})), "array of 4 values");
  ExpectRefused(Written(weighed({0, 0})), "heads of layer 1 that count 0");
  ExpectRefused(Written(weighed({2, -1})), "heads of layer 1");
  ExpectRefused(Written(weighed({std::numeric_limits<float>::infinity(), 0})), "heads of layer 1");
}

TEST(RowStatistics, EveryKeyIsChecked) {
  for (const char* key : {"tandem.rows.cuts", "tandem.rows.sink_thresholds", "tandem.rows.channels"}) {
    GgufMetadata metadata = Written({Some(2)});
    metadata.Remove(key);
    ExpectRefused(metadata, key);
    metadata.SetText(key, "seven");
    ExpectRefused(metadata, key);
    metadata.Set(key, {GgufType::kU32, true, 9, Bytes(36)});
    ExpectRefused(metadata, "tandem.rows");
  }
}

TEST(RowStatistics, FiguresThatCannotBeAreRefused) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(),
                  kInf = std::numeric_limits<float>::infinity();
  ExpectRefused(Written({Some(7)}), "layer 7, expected 0 to 6");
  ExpectRefused(Written({Some(3), Some(3)}), "layer 3, expected 4");
  std::vector<RowStatistics> many(8, Some(1));
  ExpectRefused(Written(many), "8 cuts of 6 layers");
  for (const float bad : {-1.0f, kNan, kInf}) {
    RowStatistics rows = Some(1);
    rows.sink_threshold = bad;
    ExpectRefused(Written({rows}), "sink_thresholds");
    rows = Some(1);
    rows.channels[3].high[2] = bad;
    ExpectRefused(Written({rows}), "channel 2 of the cut before layer 1");
    rows = Some(1);
    rows.channels[0].mean_magnitude[0] = bad;
    ExpectRefused(Written({rows}), "channel 0");
    rows = Some(1);
    rows.channels[0].low[1] = -bad;
    ExpectRefused(Written({rows}), "channel 1");
  }
}

}  // namespace
}  // namespace tandem
