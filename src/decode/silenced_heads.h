// A model run over texts with one attention head silent at a time: head after head, layer after layer. What
// the layers below the silent head compute is computed once. Plain ids and floats: no ggml type leaks out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "decode/engine.h"

namespace tandem {

// One thread at a time. Holds the weights once, the hidden rows of all texts (width floats an id), and the
// cache of one text.
class SilencedHeads {
 public:
  // Takes logits of a text's rows first, first + 1, ..; they are valid until it returns.
  using LogitsSink = std::function<void(int first, const LogitsView& logits)>;

  // Stands at layer 0. Errors as Model::Load and GgmlEngine::Create; kUsage for no texts, a text of fewer
  // than two ids or more than the model's context, and an id that has no logits.
  static Result<std::unique_ptr<SilencedHeads>> Load(const std::string& path,
                                                     std::span<const std::vector<Token>> texts, int threads);
  ~SilencedHeads();

  int layers() const;
  int heads() const;  // of a layer
  int layer() const;  // where it stands

  // To the next layer; the last has none. Errors as GgmlEngine::Step.
  Status NextLayer();
  // The logits of all rows of a text without `head` of the layer where it stands, or with all heads.
  Status Run(size_t text, std::optional<int> head, const LogitsSink& sink);

 private:
  struct State;
  explicit SilencedHeads(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace tandem
