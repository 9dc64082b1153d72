// The keys of a part are read back as written, and refused when they make no sense.
#include "model/model_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/gguf_writer.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

ModelPart SomePart() {
  ModelPart part;
  part.stages = {{0, 3}, {11, 14}};
  part.tensors = {{"a", {}}, {"b", {}}};
  part.tensors[0].digest.fill(7);
  part.tensors[1].digest[31] = 9;
  return part;
}

GgufMetadata SomeKeys() {
  GgufMetadata metadata;
  AddPartKeys(SomePart(), 32, metadata);
  return metadata;
}

constexpr int kLayers = 12;

Result<ModelPart> Read(const GgufMetadata& metadata, const std::vector<GgufTensorSpec>& tensors = {}) {
  Bytes file = GgufHeaderBytes(metadata, tensors);
  for (const GgufTensorSpec& tensor : tensors) file.resize(file.size() + (tensor.Bytes() + 31) / 32 * 32);
  const auto header = GgufHeader::Parse(file);
  EXPECT_TRUE(header) << header.error().message;
  return ReadModelPart(*header, kLayers);
}

OwnedGgufValue Numbers(std::initializer_list<uint32_t> numbers) {
  ByteWriter out;
  for (const uint32_t n : numbers) out.U32(n);
  return {GgufType::kU32, true, numbers.size(), out.Take()};
}

void ExpectRefused(const GgufMetadata& metadata, const std::string& figure) {
  const auto part = Read(metadata);
  ASSERT_FALSE(part) << figure;
  EXPECT_EQ(part.error().code, ErrorCode::kFile);
  EXPECT_THAT(part.error().message, HasSubstr(figure));
}

TEST(ModelPart, IsReadBackAsWritten) {
  const auto part = Read(SomeKeys(), {{"b", GGML_TYPE_F32, {3, 1, 1, 1}}});
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->stages, SomePart().stages);
  EXPECT_EQ(part->tensors, SomePart().tensors);
}

TEST(ModelPart, HoldsWhatLiesInsideOneRange) {
  const ModelPart part = SomePart();
  EXPECT_TRUE(part.Holds({0, 3}));
  EXPECT_TRUE(part.Holds({12, 13}));
  EXPECT_FALSE(part.Holds({2, 4}));
  EXPECT_FALSE(part.Holds({0, 14}));
  EXPECT_FALSE(part.Holds({5, 6}));
}

TEST(ModelPart, RangesThatMakeNoSenseAreRefused) {
  for (const auto& [stages, figure] : std::vector<std::pair<OwnedGgufValue, const char*>>{
           {Numbers({}), "has 0 numbers"},
           {Numbers({0, 3, 5}), "has 3 numbers"},
           {Numbers({3, 3}), "[3, 3)"},
           {Numbers({0, 15}), "[0, 15), expected a range from 0 to 14"},
           {Numbers({5, 8, 8, 9}), "[8, 9), expected a range from 9"},
           {Numbers({5, 8, 0, 2}), "[0, 2)"},
           {Numbers({0, 4294967295u}), "[0, 4294967295)"},
           {{GgufType::kI32, true, 2, Bytes(8)}, "not an array"},
           {{GgufType::kU32, false, 1, Bytes(4)}, "not an array"}}) {
    GgufMetadata metadata = SomeKeys();
    metadata.Set("tandem.part.stages", stages);
    ExpectRefused(metadata, figure);
  }
}

TEST(ModelPart, ListsOfTensorsThatMakeNoSenseAreRefused) {
  GgufMetadata metadata = SomeKeys();
  metadata.Set("tandem.part.tensor_hashes", {GgufType::kU8, true, 63, Bytes(63)});
  ExpectRefused(metadata, "63 bytes of hashes do not belong to 2 tensor names");
  metadata = SomeKeys();
  metadata.SetTexts("tandem.part.tensor_names", std::vector<std::string>{"a", "a"});
  ExpectRefused(metadata, "a name twice");
  metadata.SetTexts("tandem.part.tensor_names", std::vector<std::string>{"a", "b\nc"});
  ExpectRefused(metadata, "a name of 3 bytes");
  metadata.SetTexts("tandem.part.tensor_names", std::vector<std::string>{"a", std::string(64, 'b')});
  ExpectRefused(metadata, "a name of 64 bytes");
  const auto foreign = Read(SomeKeys(), {{"c", GGML_TYPE_F32, {3, 1, 1, 1}}});
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("'c' is none of the 2"));
}

TEST(ModelPart, EveryKeyIsNeeded) {
  for (const char* key : {"tandem.part.stages", "tandem.part.tensor_names", "tandem.part.tensor_hashes"}) {
    GgufMetadata metadata = SomeKeys();
    metadata.Remove(key);
    ExpectRefused(metadata, std::string(key) + "' is missing");
  }
}

TEST(StagesText, SaysWhatARangeHolds) {
  const auto text = [](std::vector<StageRange> ranges) { return StagesText(ranges, kLayers); };
  EXPECT_EQ(text({{0, 3}, {11, 14}}), "the embedding and layers 0:2, layers 10:12 and the head");
  EXPECT_EQ(text({{0, 14}}), "the embedding, layers 0:12 and the head");
  EXPECT_EQ(text({{0, 1}, {13, 14}}), "the embedding, the head");
  EXPECT_EQ(text({{3, 5}}), "layers 2:4");
}

}  // namespace
}  // namespace tandem
