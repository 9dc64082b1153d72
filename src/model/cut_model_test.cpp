// What a part holds, what it weighs, whose it is, and what is refused. That parts together compute what the
// whole does is tests/stage_range_test.cpp.
#include "model/cut_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "model/gguf_file.h"
#include "model/model.h"
#include "model/model_facts.h"
#include "model/model_part.h"
#include "model/pad_model.h"
#include "model/vocab.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// 6 layers, the embedding serves as the head.
const std::string kDemo = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
constexpr int kLayers = 6;

class CutModelTest : public testing::ScratchFiles {
 protected:
  std::string Cut(std::vector<LayerRange> layers, const std::string& name = "part.gguf") {
    const auto report = CutModel({kDemo, std::move(layers), ""}, Path(name));
    EXPECT_TRUE(report) << report.error().message;
    return Path(name);
  }

  void ExpectRefused(const std::string& model, std::vector<LayerRange> layers, ErrorCode code,
                     const std::string& said) {
    const auto report = CutModel({model, std::move(layers), ""}, Path("refused.gguf"));
    ASSERT_FALSE(report) << said;
    EXPECT_EQ(report.error().code, code);
    EXPECT_THAT(report.error().message, HasSubstr(said));
    EXPECT_FALSE(fs::exists(Path("refused.gguf")));
  }

  size_t FilesHere() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder()), {}));
  }
};

// Bytes of the whole's tensors whose name begins with one of these.
uint64_t BytesOf(std::initializer_list<std::string_view> prefixes) {
  uint64_t bytes = 0;
  const GgufFile file = *OpenGguf(kDemo);
  for (const GgufTensor& tensor : file.header().tensors()) {
    if (std::any_of(prefixes.begin(), prefixes.end(), [&](auto p) { return tensor.name.starts_with(p); }))
      bytes += tensor.bytes;
  }
  return bytes;
}

TEST_F(CutModelTest, HoldsWhatWasMeasuredOfItsRows) {
  RowStatistics rows{.cut = 2, .sink_threshold = 3};
  for (ChannelStatistics& kind : rows.channels) {
    kind.low.assign(288, -1);
    kind.high.assign(288, 2);
    kind.mean_magnitude.assign(288, 0.5f);
  }
  const auto measure = [&](std::span<const StageRange> stages,
                           int layers) -> Result<std::vector<RowStatistics>> {
    EXPECT_EQ(layers, kLayers);
    EXPECT_EQ(std::vector(stages.begin(), stages.end()), (std::vector<StageRange>{{0, 3}}));
    return std::vector{rows};
  };
  ASSERT_TRUE(CutModel({kDemo, {{0, 2}}, "", measure}, Path("measured.gguf")));
  const auto facts = FactsOf(Path("measured.gguf"));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->rows, std::vector{rows});
  const auto bare = FactsOf(Cut({{0, 2}}));
  EXPECT_TRUE(bare->rows.empty());
  EXPECT_EQ(facts->identity, bare->identity);
  rows.channels[1].low.pop_back();
  ASSERT_TRUE(CutModel({kDemo, {{0, 2}}, "", measure}, Path("odd.gguf")));
  EXPECT_THAT(Model::Load(Path("odd.gguf")).error().message, HasSubstr("tandem.rows.channels"));
  const auto fails = [](std::span<const StageRange>, int) -> Result<std::vector<RowStatistics>> {
    return Fail(ErrorCode::kFile, "no text");
  };
  EXPECT_EQ(CutModel({kDemo, {{0, 2}}, "", fails}, Path("none.gguf")).error().message, "no text");
  EXPECT_FALSE(fs::exists(Path("none.gguf")));
}

TEST_F(CutModelTest, WeighsItsOwnTensorsAndTheMetadata) {
  const GgufFile whole = *OpenGguf(kDemo);
  const uint64_t metadata = whole.bytes().size() - BytesOf({""});
  const uint64_t more = 8192;  // the part's own keys, and padding
  const auto expect = [&](std::vector<LayerRange> layers, uint64_t tensors) {
    const uint64_t size = fs::file_size(Cut(std::move(layers)));
    EXPECT_GT(size, tensors);
    EXPECT_LT(size, tensors + metadata + more);
  };
  expect({{0, 2}}, BytesOf({"token_embd", "blk.0.", "blk.1."}));
  expect({{3, 4}}, BytesOf({"blk.3."}));
  expect({{4, 6}}, BytesOf({"blk.4.", "blk.5.", "output_norm", "token_embd"}));  // the tied head
  expect({{5, 6}, {0, 1}}, BytesOf({"blk.5.", "output_norm", "token_embd", "blk.0."}));
}

TEST_F(CutModelTest, KeepsTheTensorsAndTheLayerNumbersOfTheWhole) {
  const GgufFile part = *OpenGguf(Cut({{3, 5}})), whole = *OpenGguf(kDemo);
  for (const GgufTensor& tensor : part.header().tensors()) {
    const GgufTensor* source = whole.header().FindTensor(tensor.name);
    ASSERT_NE(source, nullptr) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(part.bytes().subspan(tensor.offset, tensor.bytes),
                                   whole.bytes().subspan(source->offset, source->bytes)))
        << tensor.name;
  }
  EXPECT_NE(part.header().FindTensor("blk.3.attn_q.weight"), nullptr);
  EXPECT_EQ(CheckModel(part.header())->layers, kLayers);
  EXPECT_EQ(CheckModel(part.header())->vocab_rows, CheckModel(whole.header())->vocab_rows);
  EXPECT_EQ(ReadModelPart(part.header(), kLayers)->stages, (std::vector<StageRange>{{4, 6}}));
}

TEST_F(CutModelTest, RangesThatMeetAreOne) {
  const GgufFile part = *OpenGguf(Cut({{2, 6}, {1, 2}}));
  EXPECT_EQ(ReadModelPart(part.header(), kLayers)->stages, (std::vector<StageRange>{{2, 8}}));
}

TEST_F(CutModelTest, AnswersWithTheStagesItHas) {
  const std::string part = Cut({{0, 2}, {5, 6}});
  for (const StageRange stages : {StageRange{0, 3}, StageRange{0, 1}, StageRange{2, 3}, StageRange{6, 8}}) {
    const auto model = Model::Load(part, {.stages = stages});
    EXPECT_TRUE(model) << model.error().message;
  }
  for (const StageRange stages : {StageRange{0, 4}, StageRange{3, 4}, StageRange{5, 8}, StageRange{0, 8}}) {
    const auto model = Model::Load(part, {.stages = stages});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::kModel);
    EXPECT_THAT(model.error().message, HasSubstr("part.gguf: is a part of a model of 6 layers: it holds the "
                                                 "embedding and layers 0:2, layers 5:6 and the head, not "));
  }
  EXPECT_EQ(Model::Load(part, {.stages = StageRange{0, 9}}).error().code, ErrorCode::kUsage);
}

TEST_F(CutModelTest, HasTheVocabularyOfTheWhole) {
  const auto part = Vocab::Load(Cut({{3, 4}})), whole = Vocab::Load(kDemo);
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ((*part)->identity(), (*whole)->identity());
  EXPECT_EQ((*part)->Tokenize("Once upon a time", true, false),
            (*whole)->Tokenize("Once upon a time", true, false));
}

TEST_F(CutModelTest, WhoNeedsTheWholeSaysSo) {
  const std::string part = Cut({{0, 2}}), holds = "it holds the embedding and layers 0:2";
  const auto loaded = Model::Load(part);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kModel);
  EXPECT_THAT(loaded.error().message, HasSubstr(holds));
  const auto padded = PadModel({part, 9, {}}, Path("padded.gguf"));
  ASSERT_FALSE(padded);
  EXPECT_THAT(padded.error().message, HasSubstr(holds));
  ExpectRefused(part, {{0, 1}}, ErrorCode::kModel, holds + "; the whole is needed here");
}

TEST_F(CutModelTest, RefusesRangesThatMakeNoSense) {
  ExpectRefused(kDemo, {}, ErrorCode::kUsage, "no layers");
  ExpectRefused(kDemo, {{3, 3}}, ErrorCode::kUsage, "layers 3:3 are no range of its 6");
  ExpectRefused(kDemo, {{4, 2}}, ErrorCode::kUsage, "layers 4:2 are no range of its 6");
  ExpectRefused(kDemo, {{5, 7}}, ErrorCode::kUsage, "layers 5:7 are no range of its 6");
  ExpectRefused(kDemo, {{-1, 2}}, ErrorCode::kUsage, "layers -1:2");
  ExpectRefused(kDemo, {{0, 3}, {2, 4}}, ErrorCode::kUsage, "layers 2:4 overlap a range that ends at 3");
  ExpectRefused(kDemo, {{0, 6}, {2, 4}}, ErrorCode::kUsage, "layers 2:4 overlap a range that ends at 6");
}

TEST_F(CutModelTest, RefusesFilesThatAreNoModel) {
  ExpectRefused(Path("absent"), {{0, 1}}, ErrorCode::kFile, "absent");
  ExpectRefused(Write("text", "no model at all"), {{0, 1}}, ErrorCode::kFile, "is not a GGUF file");
  fs::copy_file(kDemo, Path("short"));
  fs::resize_file(Path("short"), fs::file_size(kDemo) - 1000000);
  ExpectRefused(Path("short"), {{0, 1}}, ErrorCode::kFile, "truncated");
}

TEST_F(CutModelTest, DoesNotReplaceTheModelItself) {
  fs::copy_file(kDemo, Path("model.gguf"));
  fs::create_symlink(Path("model.gguf"), Path("other-name.gguf"));
  for (const char* out : {"model.gguf", "other-name.gguf"}) {
    const auto report = CutModel({Path("model.gguf"), {{0, 1}}, ""}, Path(out));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kUsage);
  }
  EXPECT_EQ(fs::file_size(Path("model.gguf")), fs::file_size(kDemo));
}

// Files of this process may not grow past `bytes` while it lives: what a full disk does to a write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST_F(CutModelTest, LeavesNothingOnAFullDisk) {
  const FileSizeLimit limit(1 << 20);
  ExpectRefused(kDemo, {{0, 2}}, ErrorCode::kFile, "stopped after");
  EXPECT_EQ(FilesHere(), 0u);
}

}  // namespace
}  // namespace tandem
