// Writes the seeds of sessions over a part of a model's layers: `build-fuzz/fuzz_seeds fuzz/corpus`. Run it
// again when the frames in them change. The records are service_fuzz.cpp's.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "cloud/fake_parts.h"
#include "codec/row_codec.h"
#include "wire/frame.h"

namespace {

using namespace tandem;

constexpr int kLayers = 4;  // of the service under test
constexpr size_t kLongest = 252;

// A conversation of the hostile connection.
struct Script {
  Bytes bytes{};

  Script() { Say(Hello{.software = "fuzz", .vocab = {.size = 64}}); }
  void Say(const Frame& frame) {
    const Bytes coded = Encode(frame);
    if (coded.size() > kLongest) std::fprintf(stderr, "a frame of %zu bytes is cut\n", coded.size());
    bytes.push_back(static_cast<uint8_t>(std::min(coded.size(), kLongest)));
    bytes.insert(bytes.end(), coded.begin(), coded.end());
  }
  void Steps(int count) { bytes.insert(bytes.end(), static_cast<size_t>(count), 0); }
  void BeginStep() { bytes.push_back(254); }
  void HangUp() { bytes.push_back(253); }
};

Open CutOpen(Pos length, int begin, int end, const std::string& codec, const std::string& back = "") {
  Open open{.spans = {{0, length}}};
  open.cut = ModelCut{.begin = begin, .end = end, .codec = codec, .codec_back = back, .untold = length};
  return open;
}

HiddenRows Rows(const std::string& codec, Pos begin, Pos end, uint32_t epoch = 0) {
  std::vector<float> ids;
  for (Pos at = begin; at < end; ++at) ids.push_back(static_cast<float>(1 + at % 60));
  const RowCodec rows = RowCodec::Make(ParseRowCodec(codec).value(), kFakeRowWidth).value();
  return {.epoch = epoch, .first = begin, .block = rows.Encode({ids, kFakeRowWidth}, begin).value()};
}

// ... that end at the last of these drafts, which continue the text at `base`.
HiddenRows Asking(const std::string& codec, Pos begin, Pos base, std::vector<Token> drafts,
                  uint32_t epoch = 0) {
  HiddenRows rows = Rows(codec, begin, base + static_cast<Pos>(drafts.size()), epoch);
  rows.asks = true;
  rows.base = base;
  rows.ids = std::move(drafts);
  return rows;
}

// A token at a time, then drafts that fall, and rows of their dead branch.
Script Split() {
  Script script;
  script.Say(CutOpen(10, 1, kLayers, "f32"));
  script.Say(Rows("f32", 0, 9));
  script.Steps(3);
  script.Say(Asking("f32", 9, 10, {}));
  script.Steps(3);
  script.Say(Asking("f32", 10, 11, {7, 8, 9}));
  script.Say(Asking("f32", 14, 14, {10}));
  script.BeginStep();
  script.Say(Asking("f32", 14, 14, {10}, 1));
  script.Steps(4);
  script.Say(Close{});
  return script;
}

// A prompt with a block in bulk, twice sent, in a codec whose messages share a scale; then too many rows.
Script SplitPrompt() {
  Script script;
  script.Say(CutOpen(70, 2, kLayers, "int8/tensor/zstd"));
  script.Say(Rows("int8/tensor/zstd", 0, 64));
  script.Say(Rows("int8/tensor/zstd", 0, 64));
  script.Steps(2);
  script.Say(Rows("int8/tensor/zstd", 64, 69));
  script.Steps(4);
  script.Say(Rows("int8/tensor/zstd", 69, 127));
  return script;
}

// The head alone in the cloud, and a cloud that is left.
Script SplitHead() {
  Script script;
  script.Say(CutOpen(10, kLayers, kLayers, "bf16"));
  script.Say(Asking("bf16", 9, 10, {}));
  script.Steps(3);
  script.HangUp();
  script.Say(Hello{.software = "fuzz", .vocab = {.size = 64}});
  script.Say(CutOpen(12, kLayers, kLayers, "bf16"));
  script.Say(Asking("bf16", 11, 12, {}));
  script.Steps(3);
  return script;
}

// Rows in, rows out; some are replaced while a step over them is under way.
Script Ends() {
  Script script;
  script.Say(CutOpen(70, 1, kLayers - 1, "f16", "int8/token"));
  script.Say(Rows("f16", 0, 64));
  script.Say(Rows("f16", 64, 69));
  script.Steps(4);
  script.Say(Rows("f16", 69, 73));
  script.BeginStep();
  script.Say(Rows("f16", 71, 74, 1));
  script.Steps(4);
  script.Say(Rows("f16", 10, 20, 2));
  script.Steps(1);
  return script;
}

void Write(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path corpus = argc > 1 ? argv[1] : "fuzz/corpus";
  Write(corpus / "service/split", Split().bytes);
  Write(corpus / "service/split_prompt", SplitPrompt().bytes);
  Write(corpus / "service/split_head", SplitHead().bytes);
  Write(corpus / "service/split_ends", Ends().bytes);
  Write(corpus / "frame/open_cut", Encode(CutOpen(70, 1, 3, "f16", "int8/token")));
  Write(corpus / "frame/hidden_rows", Encode(Asking("f32", 9, 10, {7, 8})));
  Write(corpus / "frame/hidden_back",
        Encode(HiddenBack{.first = 9, .server_us = 1234, .block = Rows("f32", 9, 12).block}));
  Welcome welcome{.software = "fuzz", .model_name = "fuzz", .vocab = {.size = 64}, .context = 128};
  welcome.split = SplitOffer{.layers = kLayers, .width = kFakeRowWidth, .identity = {}};
  Write(corpus / "frame/welcome_split", Encode(welcome));
  return 0;
}
