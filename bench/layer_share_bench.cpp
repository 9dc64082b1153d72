// What a row codec takes beside the layer that made the row: us a row to encode and to decode, the layer's us
// for as many rows, and the shares; for one row (a decode step behind a prompt of 64) and for a row of 64 (a
// prompt's chunk). `./dev bench layer`.
//
// Everything is on one thread. Each codec in turn runs a step of its own over a model's layers, is timed on
// the rows that come out, once and with the caches as a step leaves them, and the medians over the rounds are
// told. A step is timed in the thread's CPU time and divided by the layers; microseconds of a codec by the
// clock, whose readings cost less than what is measured: load moves neither median much.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "codec/row_codec.h"
#include "decode/ggml_engine.h"
#include "model/random_model.h"

namespace tandem {
namespace {

constexpr const char* kCodecs[] = {"f32",
                                   "f16",
                                   "bf16",
                                   "int8/token",
                                   "int4/g32",
                                   "int4/g32/rot",
                                   "int3/g32/rot",
                                   "ternary/g32/rot",
                                   "int4/channel/rot",
                                   "int4/tensor",
                                   "water:4/g32/rot",
                                   "int4/token/asym/rot/zstd",
                                   "int4/g32/rot/sink/zstd"};
constexpr int kPrompt = 64;
constexpr double kGoal = 0.02;  // of a layer

double CpuUs() {  // of this thread
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

double ClockUs() {
  using Us = std::chrono::duration<double, std::micro>;
  return Us(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// All layers but the embedding and the head, and a text in them.
class Layers {
 public:
  explicit Layers(const std::string& path) {
    const auto facts = Model::Load(path).value()->hparams();
    layers = facts.layers;
    width = static_cast<size_t>(facts.width);
    GgmlEngineOptions options;
    options.context = 2 * kPrompt;
    options.adapt_threads = false;
    engine_ =
        GgmlEngine::Create(Model::Load(path, {.stages = StageRange{1, layers + 1}}).value(), options).value();
    seq_ = engine_->Open().value();
    in_.resize(kPrompt * width);
    for (size_t i = 0; i < in_.size(); ++i)
      in_[i] = static_cast<float>(static_cast<int>(i * 7919 % 201) - 100) / 100;
  }

  // us of one layer for 64 rows of a prompt, or for the one behind them, which are then in `out`.
  double Step(int rows, std::span<const float>& out) {
    const Pos first = rows == 1 ? kPrompt : 0;
    if (rows == 1 && engine_->Length(seq_) < kPrompt) Step(kPrompt, out);
    if (!engine_->Truncate(seq_, first)) std::abort();
    const StageRows batch{seq_, first, rows, rows == kPrompt, rows};
    const double begin = CpuUs();
    const auto rows_out =
        engine_->StepStages({{&batch, 1}, {}, std::span(in_).first(static_cast<size_t>(rows) * width)})
            .value();
    const double took = CpuUs() - begin;
    out = {rows_out[0].data(), static_cast<size_t>(rows) * width};
    return took / layers;
  }

  int layers = 0;
  size_t width = 0;

 private:
  std::unique_ptr<GgmlEngine> engine_;
  SeqId seq_ = 0;
  std::vector<float> in_;
};

struct Series {
  std::vector<double> layer, encode, decode;  // us
  size_t bytes = 0;                           // of a message
};

RowCodec CodecFor(const char* name, const RowsView& sample) {
  const RowCodecSpec spec = *ParseRowCodec(name);
  return RowCodec::Make(spec, sample.width, *Calibrate(spec, sample)).value();
}

void TakeOne(Layers& model, const RowCodec& codec, int rows, Series& series) {
  std::span<const float> values;
  const double layer = model.Step(rows, values);
  const double begin = ClockUs();
  const Bytes message = codec.Encode({values, model.width}, rows == 1 ? kPrompt : 0).value();
  const double encoded = ClockUs();
  const auto back = codec.Decode(message, static_cast<size_t>(rows)).value();
  const double decoded = ClockUs();
  series.layer.push_back(layer);
  series.encode.push_back(encoded - begin);
  series.decode.push_back(decoded - encoded);
  series.bytes = message.size();
}

void Print(const char* name, int rows, const Series& series) {
  const double layer = MedianOf(series.layer), encode = MedianOf(series.encode),
               decode = MedianOf(series.decode);
  fmt::print("{:<26}{:>9.0f}{:>11.1f}{:>11.2f}{:>11.2f}{:>10.2f} %{:>9.2f} %  {}\n", name,
             static_cast<double>(series.bytes) / rows, layer / rows, encode / rows, decode / rows,
             100 * encode / layer, 100 * decode / layer, encode < kGoal * layer ? "" : "past 2 %");
}

void Measure(const std::string& path, const std::string& what, int rows, int rounds) {
  Layers model(path);
  std::span<const float> sample;
  model.Step(kPrompt, sample);
  std::vector<RowCodec> codecs;
  for (const char* name : kCodecs) codecs.push_back(CodecFor(name, {sample, model.width}));
  std::vector<Series> series(codecs.size()), warm(codecs.size());
  for (int round = -1; round < rounds; ++round) {
    for (size_t i = 0; i < codecs.size(); ++i)
      TakeOne(model, codecs[i], rows, round < 0 ? warm[i] : series[i]);
  }
  fmt::print("\n{}, width {}, {}: us a row\n{:<26}{:>9}{:>11}{:>11}{:>11}{:>12}{:>11}\n", what, model.width,
             rows == 1 ? "one row" : fmt::format("a row of {}", rows), "codec", "bytes", "one layer",
             "encode", "decode", "of layer", "of layer");
  for (size_t i = 0; i < codecs.size(); ++i) Print(kCodecs[i], rows, series[i]);
  std::fflush(stdout);
}

// A file of random weights that ends with this.
class RandomFile {
 public:
  RandomFile(const std::string& like, const std::string& folder, int width, int heads, int kv_heads, int ff)
      : path_(fmt::format("{}/tandem-layer-{}-{}.gguf", folder, width, getpid())) {
    RandomModelSpec spec;
    spec.like = like;
    spec.layers = 2;
    spec.width = width, spec.heads = heads, spec.kv_heads = kv_heads, spec.ff = ff;
    spec.vocab = 512, spec.context = 2 * kPrompt;
    (void)WriteRandomModel(spec, path_).value();
  }
  ~RandomFile() { std::filesystem::remove(path_); }
  RandomFile(const RandomFile&) = delete;
  RandomFile& operator=(const RandomFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void MeasureAll(int rounds) {
  const std::string demo = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
  const std::string folder = std::filesystem::temp_directory_path();
  const RandomFile small(demo, folder, 896, 14, 2, 4864), large(demo, folder, 2048, 32, 4, 5632);
  for (const int rows : {1, kPrompt}) {
    Measure(demo, "demo target, Q8_0", rows, 4 * rounds);
    Measure(small.path(), "random, the shape of Qwen2.5-0.5B, Q8_0", rows, rounds);
    Measure(large.path(), "random, the shape of TinyLlama-1.1B, Q8_0", rows, rounds);
  }
}

}  // namespace
}  // namespace tandem

int main(int argc, char** argv) {
  tandem::MeasureAll(argc > 1 ? std::max(1, std::atoi(argv[1])) : 25);
  return 0;
}
