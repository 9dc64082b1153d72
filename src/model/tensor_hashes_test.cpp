// The identity of a model is the same for the whole and its parts, another for another model, and remembered.
#include "model/tensor_hashes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "model/cut_model.h"
#include "model/gguf_writer.h"
#include "model/weights_hash.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kTarget = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

class TensorHashesTest : public testing::ScratchFiles {
 protected:
  std::string Cut(std::vector<LayerRange> layers, const std::string& model = kTarget) {
    const std::string out = Path(fmt::format("part{}.gguf", ++parts_));
    const auto report = CutModel({model, std::move(layers), ""}, out);
    EXPECT_TRUE(report) << report.error().message;
    return out;
  }

  // Turns one bit of a tensor.
  static void Damage(const std::string& path, const std::string& tensor, uint64_t byte) {
    const uint64_t at = OpenGguf(path)->header().FindTensor(tensor)->offset + byte;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(old ^ 16));
  }

  // The same model with its tensors in reverse order and edited metadata.
  std::string Reversed(const std::function<void(GgufMetadata&)>& edit) {
    const GgufFile file = *OpenGguf(kTarget);
    std::vector<GgufTensor> tensors = file.header().tensors();
    std::reverse(tensors.begin(), tensors.end());
    std::vector<GgufTensorSpec> specs;
    for (const GgufTensor& t : tensors) specs.push_back({t.name, t.type, t.shape});
    GgufMetadata metadata = GgufMetadata::CopyOf(file.header());
    edit(metadata);
    const std::string out = Path(fmt::format("reversed{}.gguf", ++parts_));
    auto writer = GgufWriter::Create(out, metadata, specs);
    for (const GgufTensor& t : tensors) EXPECT_TRUE(writer->Append(file.bytes().subspan(t.offset, t.bytes)));
    EXPECT_TRUE(writer->Finish());
    return out;
  }

  size_t Entries() const {
    return fs::exists(cache_) ? static_cast<size_t>(std::distance(fs::directory_iterator(cache_), {})) : 0;
  }

  int parts_ = 0;
  const std::string cache_ = Path("cache");
};

TEST_F(TensorHashesTest, PartsAreOfTheirModel) {
  const auto whole = TensorHashesOf(kTarget, "");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->tensors.size(), OpenGguf(kTarget)->header().tensors().size());
  for (const auto& layers :
       std::vector<std::vector<LayerRange>>{{{0, 2}}, {{2, 6}}, {{0, 1}, {5, 6}}, {{3, 4}}})
    EXPECT_EQ(*TensorHashesOf(Cut(layers), ""), *whole);
  EXPECT_NE(*IdentityOf(kDraft, ""), ModelIdentity(*whole));
  EXPECT_NE(*IdentityOf(Cut({{0, 2}}, kDraft), ""), ModelIdentity(*whole));
}

TEST_F(TensorHashesTest, AHashCoversTypeShapeAndData) {
  // By hand: u32 type, 4 x u64 extents, data.
  GgufMetadata none;
  const Bytes data{1, 2, 3, 4, 5, 6, 7, 8};
  auto writer = GgufWriter::Create(Path("t.gguf"), none, {{"t", GGML_TYPE_F32, {2, 1, 1, 1}}});
  ASSERT_TRUE(writer->Append(data) && writer->Finish());
  const GgufFile file = *OpenGguf(Path("t.gguf"));
  ByteWriter expected;
  expected.U32(0);
  for (const uint64_t extent : {2, 1, 1, 1}) expected.U64(extent);
  expected.Raw(data);
  EXPECT_EQ(HashOfTensor(file, file.header().tensors()[0]), Sha256().Update(expected.Take()).Finish());
}

TEST_F(TensorHashesTest, OrderAndNamesOfOtherKindsDoNotMatterHyperparametersDo) {
  const Digest identity = *IdentityOf(kTarget, "");
  EXPECT_EQ(*IdentityOf(Reversed([](GgufMetadata& m) { m.SetText("general.name", "other"); }), ""), identity);
  EXPECT_NE(*IdentityOf(Reversed([](GgufMetadata& m) { m.SetF32("llama.rope.freq_base", 5e5f); }), ""),
            identity);
}

TEST_F(TensorHashesTest, OneChangedBitOfAWholeIsAnotherModel) {
  fs::copy_file(kTarget, Path("whole.gguf"));
  Damage(Path("whole.gguf"), "blk.3.ffn_up.weight", 1000);
  EXPECT_NE(*IdentityOf(Path("whole.gguf"), ""), *IdentityOf(kTarget, ""));
}

TEST_F(TensorHashesTest, OneChangedBitOfAPartIsFound) {
  const std::string part = Cut({{2, 6}});
  Damage(part, "blk.5.ffn_down.weight", 12345);
  const auto hashes = TensorHashesOf(part, cache_);
  ASSERT_FALSE(hashes);
  EXPECT_EQ(hashes.error().code, ErrorCode::kFile);
  EXPECT_THAT(hashes.error().message, HasSubstr("blk.5.ffn_down.weight"));
  EXPECT_THAT(hashes.error().message, HasSubstr(part));
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(TensorHashesTest, AreRememberedWhileTheFileStays) {
  fs::copy_file(kTarget, Path("whole.gguf"));
  const auto fresh = TensorHashesOf(Path("whole.gguf"), cache_);
  ASSERT_TRUE(fresh);
  ASSERT_EQ(Entries(), 1u);
  EXPECT_EQ(*TensorHashesOf(Path("whole.gguf"), cache_), *fresh);
  // An entry that says something else shows that it is read.
  const std::string other(64, '7');
  std::ofstream(fs::directory_iterator(cache_)->path()) << other << "\n" << other << " one\n";
  EXPECT_EQ(TensorHashesOf(Path("whole.gguf"), cache_)->tensors.size(), 1u);
  Damage(Path("whole.gguf"), "blk.0.attn_q.weight", 0);
  EXPECT_EQ(TensorHashesOf(Path("whole.gguf"), cache_)->tensors.size(), fresh->tensors.size());
}

TEST_F(TensorHashesTest, ADamagedCacheIsPassedOver) {
  const auto fresh = TensorHashesOf(kDraft, cache_);
  ASSERT_TRUE(fresh);
  const std::string digest(64, '7');
  for (const std::string& entry :
       {std::string(), std::string("x\n"), digest, digest + "\n", digest + "\n" + digest + "\n",
        digest + "\n" + digest + " no newline", digest + "\n" + digest + "name\n", digest + " name\n"}) {
    std::ofstream(fs::directory_iterator(cache_)->path()) << entry;
    EXPECT_EQ(*TensorHashesOf(kDraft, cache_), *fresh) << entry;
  }
}

TEST_F(TensorHashesTest, FilesThatAreNoModelAreRefused) {
  EXPECT_EQ(IdentityOf(Path("absent"), cache_).error().code, ErrorCode::kFile);
  EXPECT_EQ(IdentityOf(Write("text", "no model at all"), cache_).error().code, ErrorCode::kFile);
}

TEST_F(TensorHashesTest, TheFilesDigestComesOfTheSamePass) {
  for (const std::string& path : {kTarget, Cut({{0, 2}})}) {
    const auto both = DigestsOf(path, "");
    ASSERT_TRUE(both);
    EXPECT_EQ(both->weights, WeightsHash(path, "").value());
    EXPECT_EQ(both->identity, IdentityOf(path, "").value());
  }
  std::optional<Digest> digest;
  ASSERT_TRUE(TensorHashesOf(kTarget, cache_, &digest));
  EXPECT_EQ(digest, WeightsHash(kTarget, "").value());
  digest.reset();
  ASSERT_TRUE(TensorHashesOf(kTarget, cache_, &digest));
  EXPECT_EQ(digest, std::nullopt) << "nothing was read";
}

TEST_F(TensorHashesTest, BothDigestsAreRememberedAndEitherAlone) {
  const FileDigests both = DigestsOf(kTarget, "").value();
  ASSERT_TRUE(DigestsOf(kTarget, cache_));
  EXPECT_EQ(Entries(), 2u);
  EXPECT_EQ(DigestsOf(kTarget, cache_)->weights, both.weights);
  EXPECT_EQ(DigestsOf(kTarget, cache_)->identity, both.identity);
  for (const bool weights : {false, true}) {
    fs::remove_all(cache_);
    ASSERT_TRUE(weights ? WeightsHash(kTarget, cache_) : IdentityOf(kTarget, cache_));
    EXPECT_EQ(DigestsOf(kTarget, cache_)->weights, both.weights);
    EXPECT_EQ(DigestsOf(kTarget, cache_)->identity, both.identity);
    EXPECT_EQ(Entries(), 2u);
  }
}

}  // namespace
}  // namespace tandem
