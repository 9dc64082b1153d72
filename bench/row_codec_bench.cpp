// Speed of the row codecs, encode and decode, in GB/s of float values (4 bytes each): Google Benchmark,
// `./dev bench codecs`. Messages of 64 rows, a prompt's chunk, and of one row, a decode step.
#include <benchmark/benchmark.h>

#include <random>

#include "codec/row_codec.h"

namespace tandem {
namespace {

// Normal values with a few outlying channels, as the rows between two layers have.
std::vector<float> Rows(size_t rows, size_t width) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(rows * width);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = normal(random) * (i % width % 97 == 3 ? 12.0f : 1.0f);
  return values;
}

struct Prepared {
  Prepared(std::string_view name, size_t count, size_t width)
      : values(Rows(count, width)),
        importance(count, 1.0f),
        codec(RowCodec::Make(*ParseRowCodec(name), width, *Calibrate(*ParseRowCodec(name), {values, width}))
                  .value()),
        message(*codec.Encode({values, width}, 1, importance)) {}

  void Report(benchmark::State& state) const {
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * values.size() * sizeof(float)));
    state.counters["bits/value"] =
        8.0 * static_cast<double>(message.size()) / static_cast<double>(values.size());
  }

  std::vector<float> values, importance;
  RowCodec codec;
  Bytes message;
};

void Encode(benchmark::State& state, std::string_view name) {
  const Prepared p(name, static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(p.codec.Encode({p.values, p.codec.width()}, 1, p.importance));
  p.Report(state);
}

void Decode(benchmark::State& state, std::string_view name) {
  const Prepared p(name, static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  for (auto _ : state)
    benchmark::DoNotOptimize(p.codec.Decode(p.message, static_cast<size_t>(state.range(0))));
  p.Report(state);
}

void Register(const std::string& name) {
  const std::vector<std::vector<int64_t>> shapes = {{1, 64}, {288, 2048, 4096}};
  benchmark::RegisterBenchmark(("encode/" + name).c_str(), Encode, name)->ArgsProduct(shapes);
  benchmark::RegisterBenchmark(("decode/" + name).c_str(), Decode, name)->ArgsProduct(shapes);
}

}  // namespace
}  // namespace tandem

int main(int argc, char** argv) {
  for (const char* name : {"f32", "f16", "bf16", "int8/token", "int4/g32", "int4/g32/asym", "int4/g32/rot",
                           "int3/g32/rot", "int2/g32/rot", "ternary/g32/rot", "int4/channel", "int4/tensor",
                           "water:4/g32/rot", "int4/g32/rot/sink/zstd"}) {
    tandem::Register(name);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
