// See demo_target.h.
#include "cli/demo_target.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

#include "base/clock.h"
#include "decode/ggml_engine.h"
#include "decode/prefill.h"
#include "model/gguf_file.h"
#include "model/model.h"
#include "model/pad_model.h"
#include "model/weights_hash.h"

namespace tandem {

namespace {

namespace fs = std::filesystem;

constexpr int kFeedForward = 8192;
constexpr int kProbeLayers = 24;
constexpr int kLeastLayers = 6, kMaxLayers = 500;
constexpr double kGoalMs = (kStepLowMs + kStepHighMs) / 2;
constexpr int kSteps = 12;
constexpr int kMostAttempts = 3;

bool InBand(double ms) {
  return ms >= kStepLowMs && ms <= kStepHighMs;
}

Result<double> StepOnce(Engine& engine, SeqId seq, Token token, const Clock& clock) {
  SeqRows rows{seq, engine.Length(seq), {&token, 1}, false, 1};
  Micros begin = clock.Now();
  auto logits = engine.Step({&rows, 1});
  if (!logits) return Forward(logits);
  return ToMs(clock.Now() - begin);
}

// The quickest of a few one-row steps after a prompt of 64, milliseconds: other load only ever adds to it.
Result<double> MeasureStep(const std::string& path, int threads) {
  auto model = Model::Load(path);
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.threads = threads;
  options.context = std::min<Pos>((*model)->hparams().context, 128);
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  auto seq = (*engine)->Open();
  if (!seq) return Forward(seq);
  std::vector<Token> prompt(kBulkRows, 1);
  SeqRows bulk{*seq, 0, prompt, true, 0};
  if (auto filled = (*engine)->Step({&bulk, 1}); !filled) return Forward(filled);

  SteadyClock clock;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kSteps; ++i) {
    auto ms = StepOnce(**engine, *seq, 1 + i, clock);
    if (!ms) return Forward(ms);
    least = std::min(least, *ms);
  }
  return least;
}

Result<int> LayersOf(const std::string& path) {
  auto file = OpenGguf(path);
  if (!file) return Forward(file);
  auto shape = CheckWholeModel(file->header());
  if (!shape) return Forward(shape);
  return shape->layers;
}

Result<std::string> PaddedPath(const std::string& original, const std::string& folder) {
  auto digest = WeightsHash(original);
  if (!digest) return Forward(digest);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Fail(ErrorCode::kFile, "cannot make the folder {}: {}", folder, failed.message());
  return fmt::format("{}/target-{}.gguf", folder, Hex(*digest).substr(0, 16));
}

class Padding {
 public:
  Padding(std::string original, std::string path, int threads) : threads_(threads) {
    target_.original = std::move(original);
    target_.path = std::move(path);
    target_.ff = kFeedForward;
  }

  const DemoTarget& target() const { return target_; }

  // What an earlier run left; kFile when there is none.
  Status Reuse() {
    auto layers = LayersOf(target_.path);
    if (!layers) return Forward(layers);
    target_.layers = *layers;
    target_.reused = true;
    return Measure();
  }

  Status Write(int layers) {
    auto report = PadModel({target_.original, layers, kFeedForward}, target_.path);
    if (!report) return Forward(report);
    target_.layers = layers;
    target_.reused = false;
    return Measure();
  }

  // Layers that would take the goal, as the time per layer measured last says.
  int Better() const {
    double layers = target_.layers * kGoalMs / std::max(target_.step_ms, 0.01);
    return std::clamp(static_cast<int>(std::lround(layers)), kLeastLayers, kMaxLayers);
  }

 private:
  Status Measure() {
    auto ms = MeasureStep(target_.path, threads_);
    if (!ms) return Forward(ms);
    target_.step_ms = *ms;
    return {};
  }

  int threads_;
  DemoTarget target_;
};

}  // namespace

Result<DemoTarget> PrepareDemoTarget(const std::string& original, const std::string& folder, int threads,
                                     const std::function<void(const std::string&)>& tell,
                                     const std::function<bool()>& stopped) {
  auto path = PaddedPath(original, folder);
  if (!path) return Forward(path);
  Padding padding(original, *path, threads);
  if (!padding.Reuse()) {
    tell(fmt::format("making a target that costs as much as a large model ({}, once)", *path));
    if (auto status = padding.Write(kProbeLayers); !status) return Forward(status);
  }
  for (int attempt = 0; attempt < kMostAttempts && !InBand(padding.target().step_ms); ++attempt) {
    if (stopped()) return Fail(ErrorCode::kInternal, "interrupted while making the demo's target");
    int layers = padding.Better();
    if (layers == padding.target().layers) break;
    tell(fmt::format("a step of {} layers takes {:.1f} ms; padding to {} layers", padding.target().layers,
                     padding.target().step_ms, layers));
    if (auto status = padding.Write(layers); !status) return Forward(status);
  }
  return padding.target();
}

}  // namespace tandem
