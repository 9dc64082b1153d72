// One model cut at any number of places, its parts run one after the other over windows of a text: what comes
// out at every cut can be had, and a window can be taken up again from any cut with other rows. So whatever
// is tried at a cut shares the layers below it. Plain ids and floats: no ggml type leaks out.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "decode/attention_probe.h"
#include "decode/engine.h"

namespace tandem {

struct StageChainOptions {
  Pos context = 0;              // positions of a window at most; 0 = the model's trained context
  int threads = 1;              // that compute a step at most, the caller's included
  std::string device = "auto";  // see FindDevice (model/device.h)
};

struct ChainShape {
  std::string model_name;
  int layers = 0, width = 0;  // values of a row
  int vocab_size = 0;         // logits of a row
  Pos trained = 0, context = 0;
  std::string fingerprint;  // of the kernels, as EngineInfo has it
};

// A row's bits depend on its window and position alone, as an Engine promises, not on the cuts: whole blocks
// of kBulkRows (decode/prefill.h) rows are computed in bulk, the window's tail in small nodes. One thread at
// a time. Memory: the weights once, a cache of one window, and steps of at most 512 rows whose logits take at
// most 128 MiB.
class StageChain {
 public:
  // Takes the logits of wanted rows `first`, `first` + 1, .. (0: the first wanted one); they are valid until
  // it returns. Called in order; what it fails with ends the run.
  using LogitsSink = std::function<Status(int first, const LogitsView& logits)>;

  // cuts: how many layers lie below each, ascending, 0 to the model's. Errors as Model::Load and
  // GgmlEngine::Create; kUsage for other cuts.
  static Result<std::unique_ptr<StageChain>> Load(const std::string& path, std::span<const int> cuts,
                                                  const StageChainOptions& options);
  ~StageChain();

  const ChainShape& shape() const;
  size_t cuts() const;
  // Rows that pass cut `cut` when `wanted` of a window's `length` rows are: all, but above the last layer
  // only the wanted ones.
  int RowsAtCut(size_t cut, int length, int wanted) const;

  // A window of its own: 1 to `context` ids, of which the last `wanted` rows (1 or more) go through the head.
  // at_cuts, if not null, becomes one [RowsAtCut, width] a cut. `probe`, if not null, is an AttentionProbe of
  // layers in ascending order that has seen nothing; it sees the window. Errors as GgmlEngine::StepStages.
  Status Run(std::span<const Token> ids, int wanted, const LogitsSink& sink,
             std::vector<std::vector<float>>* at_cuts = nullptr, AttentionProbe* probe = nullptr);

  // The same window from cut `cut` on, given that cut's rows.
  Status RunFrom(size_t cut, std::span<const float> rows, int length, int wanted, const LogitsSink& sink);

 private:
  struct Parts;
  explicit StageChain(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

// Rows [begin, begin + rows) of a window in one step.
struct WindowStep {
  int begin = 0, rows = 0;
  bool bulk = false;
  int wanted = 0;  // of its last rows
  friend bool operator==(const WindowStep&, const WindowStep&) = default;
};

// Steps of at most max_rows rows and most_wanted wanted ones (both whole blocks of kBulkRows) that cover a
// window whose last `wanted` rows are.
std::vector<WindowStep> PlanWindow(int length, int wanted, int max_rows, int most_wanted);

}  // namespace tandem
