// What probing attention costs a prompt: ms for 256 ids of the demo target on one thread, with no layer
// probed, one, and all (decode/attention_probe.h). Google Benchmark, `./dev bench probes`.
#include <benchmark/benchmark.h>

#include <numeric>

#include "decode/ggml_engine.h"

namespace tandem {
namespace {

constexpr int kRows = 256;

// No logits are asked for.
void Prompt(benchmark::State& state) {
  const auto model = Model::Load(TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf").value();
  GgmlEngineOptions options;
  options.adapt_threads = false;
  const auto engine = GgmlEngine::Create(model, options).value();
  const SeqId seq = engine->Open().value();
  std::vector<Token> tokens(kRows);
  std::iota(tokens.begin(), tokens.end(), 300);
  std::vector<int> layers(static_cast<size_t>(std::min<int64_t>(state.range(0), model->hparams().layers)));
  std::iota(layers.begin(), layers.end(), 0);
  for (auto _ : state) {
    AttentionProbe probe(layers);
    const StageRows rows{seq, 0, kRows, true, 0};
    if (!engine->StepStages({{&rows, 1}, tokens, {}}, layers.empty() ? nullptr : &probe) ||
        !engine->Truncate(seq, 0))
      return state.SkipWithError("the step failed");
    benchmark::DoNotOptimize(probe);
  }
  state.counters["layers"] = static_cast<double>(layers.size());
}

BENCHMARK(Prompt)->Arg(0)->Arg(1)->Arg(512)->ArgName("probed")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tandem

BENCHMARK_MAIN();
