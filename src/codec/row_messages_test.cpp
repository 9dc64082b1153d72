// Where messages end, and that what is in them does not depend on how rows were handed over.
#include "codec/row_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "testing/row_samples.h"

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr size_t kWidth = 8;

RowCodec Codec(std::string_view name) {
  return RowCodec::Make(ParseRowCodec(name).value(), kWidth).value();
}

std::vector<float> Values(size_t rows) {
  std::mt19937_64 random(7);
  return testing::RandomRows(random, rows, kWidth);
}

std::vector<std::pair<Pos, Pos>> Places(const std::vector<RowMessage>& messages) {
  std::vector<std::pair<Pos, Pos>> places;
  for (const RowMessage& message : messages) places.emplace_back(message.first, message.end);
  return places;
}

TEST(RowMessages, RowsThatShareNothingGoTogetherAsFarAsTheyFit) {
  const std::vector<float> values = Values(10);
  const RowMessages all(Codec("int8/token"), 64, 1 << 20);
  EXPECT_THAT(Places(all.Code({values, 3, 5}).value()), ElementsAre(Pair(3, 13)));
  const RowMessages four(Codec("f32"), 4, 1 << 20);
  EXPECT_THAT(Places(four.Code({values, 3, 5}).value()), ElementsAre(Pair(3, 7), Pair(7, 11), Pair(11, 13)));
  const RowMessages bytes(Codec("f32"), 64, 2 * kWidth * 4 + 1);  // two rows and their number
  const std::vector<RowMessage> pairs = bytes.Code({values, 0, 0}).value();
  EXPECT_EQ(pairs.size(), 5u);
  for (const RowMessage& message : pairs) EXPECT_LE(message.block.size(), 2 * kWidth * 4 + 1);
}

TEST(RowMessages, RowsThatShareSomethingGoAloneFromThereOn) {
  const std::vector<float> values = Values(6);
  const RowMessages shared(Codec("int4/tensor"), 4, 1 << 20);
  EXPECT_THAT(Places(shared.Code({values, 0, 6}).value()), ElementsAre(Pair(0, 4), Pair(4, 6)));
  EXPECT_THAT(Places(shared.Code({values, 0, 3}).value()),
              ElementsAre(Pair(0, 3), Pair(3, 4), Pair(4, 5), Pair(5, 6)));
  EXPECT_EQ(shared.Code({values, 9, 3})->size(), 6u);
}

TEST(RowMessages, AMessageIsTheCodecsAndNeverDependsOnWhatFollows) {
  const std::vector<float> values = Values(6);
  const RowMessages shared(Codec("int4/tensor"), 64, 1 << 20);
  const auto prompt = shared.Code({std::span(values).first(3 * kWidth), 0, 3}).value();
  const auto rebuilt = shared.Code({values, 0, 3}).value();
  EXPECT_EQ(prompt.at(0).block, rebuilt.at(0).block);
  EXPECT_EQ(rebuilt.at(0).block,
            shared.codec().Encode({std::span(values).first(3 * kWidth), kWidth}, 0).value());
  EXPECT_EQ(rebuilt.at(2).block,
            shared.codec().Encode({std::span(values).subspan(4 * kWidth, kWidth), kWidth}, 4).value());
}

// f32 takes 32 bytes of a row here, int8 10.
TEST(RowMessages, ImportanceIsThatOfTheMessagesRows) {
  const std::vector<float> values = Values(4), importance = {1, 4, 3, 2};
  const RowMessages mix(Codec("mix:int8:f32:0.5"), 2, 1 << 20);
  const auto messages = mix.Code({values, 0, 4, importance}).value();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].block[1], 0b10) << "the second row is the more important";
  EXPECT_EQ(messages[1].block[1], 0b01);
  EXPECT_THAT(mix.Code({values, 0, 4, std::span(importance).first(3)}).error().message,
              HasSubstr("3 figures of importance for 4 rows"));
  EXPECT_THAT(mix.Code({values, 0, 4}).error().message, HasSubstr("importance"));
  const auto alone = mix.Code({values, 0, 0}).value();
  ASSERT_EQ(alone.size(), 4u);
  for (const RowMessage& message : alone) EXPECT_EQ(message.block[1], 1) << "half of one row is none";
  const RowMessages all(Codec("mix:int8:f32:1"), 2, 1 << 20);
  EXPECT_EQ(all.Code({values, 0, 0})->at(0).block[1], 0);
}

TEST(RowMessages, AShareOfTheImportanceKeepsTheFewestRowsThatHoldIt) {
  const std::vector<float> values = Values(4), importance = {1, 1, 97, 1};
  const auto formats = [&](RowChoice choice) {
    const RowMessages mix(Codec("mix:int8:f32:0.1"), 64, 1 << 20, choice);
    return mix.Code({values, 0, 4, importance}).value().at(0).block[1];
  };
  EXPECT_EQ(formats(RowChoice::kMass), 0b0100) << "one row holds nine tenths";
  EXPECT_EQ(formats(RowChoice::kShare), 0b1111) << "a tenth of four rows is none";
}

TEST(RowMessages, SaysWhatACodecSays) {
  std::vector<float> values = Values(2);
  values[kWidth] = std::numeric_limits<float>::infinity();
  const auto bad = RowMessages(Codec("f16"), 64, 1 << 20).Code({values, 0, 0});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kModel);
}

}  // namespace
}  // namespace tandem
