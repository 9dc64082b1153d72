// The front door: what is wrong with a file is said in one sentence with its figures, and nothing that a file
// can hold crashes or allocates much.
#include "model/gguf_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "model/model.h"
#include "model/vocab.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

Bytes ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

const Bytes& Draft() {
  static const Bytes bytes = ReadFile(kDraft);
  return bytes;
}

// The header of the demo draft ends well before this; tensor data follows.
constexpr size_t kHeaderBytes = 200'000;

class FrontDoor : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, ByteView bytes) {
    fs::create_directories(folder_);
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path;
  }

  static std::string Complaint(const std::string& path, ErrorCode code) {
    const auto model = Model::Load(path);
    EXPECT_FALSE(model);
    if (model) return "loaded";
    EXPECT_EQ(model.error().code, code) << model.error().message;
    EXPECT_EQ(model.error().message.find(path), 0u) << model.error().message;
    EXPECT_EQ(model.error().message.find('\n'), std::string::npos);
    return model.error().message.substr(path.size());
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / fmt::format("front_door.{}", getpid());
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(FrontDoor, FilesThatAreNoModels) {
  EXPECT_SAYS(Complaint("/nowhere/model.gguf", ErrorCode::kFile), "No such file");
  EXPECT_SAYS(Complaint("/tmp", ErrorCode::kFile), "directory");
  EXPECT_SAYS(Complaint("/dev/null", ErrorCode::kFile), "not a regular file");
  EXPECT_SAYS(Complaint(Write("empty.gguf", {}), ErrorCode::kFile), "0 bytes");
  const Bytes text = {'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h', '\n', 0, 0, 0};
  EXPECT_SAYS(Complaint(Write("script.gguf", text), ErrorCode::kFile), "'#!/b', expected 'GGUF'");
  Bytes tensors(100, ' ');
  std::memcpy(tensors.data(), "\x5a\0\0\0\0\0\0\0{\"a\":1}", 15);
  EXPECT_SAYS(Complaint(Write("model.bin", tensors), ErrorCode::kFile), ".safetensors");
  EXPECT_SAYS(Complaint(Write("model.safetensors", tensors), ErrorCode::kFile), "expected GGUF");
}

TEST_F(FrontDoor, TruncatedAnywhere) {
  for (const size_t size : {3u, 4u, 20u, 100u, 50'000u}) {
    EXPECT_FALSE(CheckGguf(ByteView(Draft()).first(size))) << size;
  }
  const ByteView cut = ByteView(Draft()).first(Draft().size() - 1);
  EXPECT_SAYS(Complaint(Write("cut.gguf", cut), ErrorCode::kFile),
              fmt::format("of a file of {} bytes", cut.size()));
}

// Offset of a key's value in the demo draft.
size_t ValueAt(std::string_view key, size_t type_bytes = 4) {
  const auto it = std::search(Draft().begin(), Draft().end(), key.begin(), key.end());
  return static_cast<size_t>(it - Draft().begin()) + key.size() + type_bytes;
}

std::string ComplaintWith(size_t at, ByteView value) {
  Bytes bytes = Draft();
  std::copy(value.begin(), value.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
  const Status status = CheckGguf(bytes);
  EXPECT_FALSE(status);
  return status ? "passes" : status.error().message;
}

std::string ComplaintWithU32(std::string_view key, uint32_t value) {
  Bytes bytes(4);
  std::memcpy(bytes.data(), &value, 4);
  return ComplaintWith(ValueAt(key), bytes);
}

std::string ComplaintWithU64(size_t at, uint64_t value) {
  Bytes bytes(8);
  std::memcpy(bytes.data(), &value, 8);
  return ComplaintWith(at, bytes);
}

TEST_F(FrontDoor, AbsurdFigures) {
  EXPECT_TRUE(CheckGguf(Draft()));
  EXPECT_SAYS(ComplaintWithU32("llama.attention.head_count", 0), "is 0, expected 1 to");
  EXPECT_SAYS(ComplaintWithU32("llama.attention.head_count", 5), "5 query heads");
  EXPECT_SAYS(ComplaintWithU32("llama.attention.head_count", 0xffffffff), "4294967295");
  EXPECT_SAYS(ComplaintWithU32("llama.block_count", 0x7fffffff), "2147483647");
  EXPECT_SAYS(ComplaintWithU32("llama.block_count", 4), "'blk.3.attn_norm.weight' is missing");
  EXPECT_SAYS(ComplaintWithU32("llama.block_count", 2), "'blk.2.");
  EXPECT_SAYS(ComplaintWithU32("llama.embedding_length", 300), "48 of 50");
  EXPECT_SAYS(ComplaintWithU32("llama.feed_forward_length", 1), "shape");
  EXPECT_SAYS(ComplaintWithU32("llama.context_length", 0), "is 0");
  EXPECT_SAYS(ComplaintWithU64(8, 1ull << 60), "1152921504606846976 tensors");
  EXPECT_SAYS(ComplaintWithU64(16, ~0ull), "18446744073709551615 metadata values");
  EXPECT_SAYS(ComplaintWithU64(24, ~0ull), "length of 18446744073709551615");
  // The array of pieces: its count is behind the two types.
  EXPECT_SAYS(ComplaintWithU64(ValueAt("tokenizer.ggml.tokens", 8), 1ull << 61), "truncated");
  // The first tensor's type and offset stand at the end of its description.
  const size_t tensor = ValueAt("token_embd.weight", 4 + 2 * 8);
  EXPECT_SAYS(ComplaintWith(tensor, Bytes{0xff, 0, 0, 0}), "unknown data type 255");
  EXPECT_SAYS(ComplaintWith(tensor, Bytes{4, 0, 0, 0}), "unknown data type 4");
  EXPECT_SAYS(ComplaintWithU64(tensor + 4, 1ull << 63), "offset 9223372036854775808");
  EXPECT_SAYS(ComplaintWithU64(tensor - 8, 1ull << 39), "truncated");
  EXPECT_SAYS(ComplaintWithU64(tensor - 8, ~0ull), "extent 18446744073709551615");
}

TEST_F(FrontDoor, ModelsOfAnotherKind) {
  const size_t arch = ValueAt("general.architecture", 4 + 8);
  const std::string text = ComplaintWith(arch, Bytes{'m', 'a', 'm', 'b', 'a'});
  EXPECT_SAYS(text, "'mamba' is not supported, only llama, qwen2, qwen3, gptneox, gpt2");
  const size_t tokenizer = ValueAt("tokenizer.ggml.model", 4 + 8);
  EXPECT_SAYS(ComplaintWith(tokenizer, Bytes{'q', 'w', 'e', 'r', 't'}), "'qwert' is not supported");
}

TEST_F(FrontDoor, StagesOutOfRange) {
  for (const StageRange range : {StageRange{-1, 2}, StageRange{2, 2}, StageRange{0, 6}, StageRange{5, 9}}) {
    const auto model = Model::Load(kDraft, {.stages = range});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::kUsage);
  }
  const auto part = Model::Load(kDraft, {.stages = StageRange{1, 2}});
  ASSERT_TRUE(part);
  EXPECT_EQ((*part)->weights().layers.size(), 1u);
  EXPECT_EQ((*part)->weights().embedding, nullptr);
  EXPECT_EQ((*part)->weights().head.norm.weight, nullptr);
  EXPECT_LT((*part)->mapped_bytes(), fs::file_size(kDraft) / 3);
}

// Flips in the header either pass or are refused; what passes must also be something that libllama survives.
RC_GTEST_PROP(FrontDoorProperty, DamagedHeadersNeverCrash, ()) {
  Bytes bytes = Draft();
  const auto flips = *rc::gen::inRange(1, 4);
  for (int i = 0; i < flips; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, *rc::gen::element<size_t>(300, 2000, kHeaderBytes));
    bytes[at] = *rc::gen::arbitrary<uint8_t>();
  }
  const Status status = CheckGguf(bytes);
  RC_CLASSIFY(status.has_value(), "passes");
  if (!status) RC_ASSERT(!status.error().message.empty());
  if (!status) return;
  const std::string path = fs::path(testing::TempDir()) / fmt::format("damaged.{}.gguf", getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (const auto vocab = Vocab::Load(path)) {
    if (const auto ids = (*vocab)->Tokenize("Once upon a time\n\xf0\x9f\x98\x80", true, true)) {
      (*vocab)->Detokenize(*ids, true);
    }
  }
  RC_ASSERT(Model::Load(path));
  fs::remove(path);
}

}  // namespace
}  // namespace tandem
