// One model seen from a cut, as somebody sees it who knows its weights: the rows that its first layers make
// of a text, the rows that candidates for a text's next token would have, and what the layers above make of
// rows. Plain ids and floats: no ggml type leaks out.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "decode/engine.h"

namespace tandem {

struct ModelAtCutOptions {
  Pos context = 0;              // positions of a text; 0 = the model's trained context
  int threads = 1;              // that compute a step at most, the caller's included
  int candidates = 1;           // 1..256: most of one Try; each has a cache of its own
  std::string device = "auto";  // see FindDevice (model/device.h)
};

struct ModelAtCutShape {
  std::string model_name;
  int layers = 0, below = 0;  // of the whole; of those, under the cut
  int width = 0;              // values of a row
  int vocab_size = 0;         // ids [0, vocab_size) have logits
  Pos context = 0;            // positions of a text
};

// Weights are loaded once and shared. One thread at a time.
class ModelAtCut {
 public:
  // Takes logits, a row each of the `first`th row on; they are valid until it returns. What it fails with
  // ends the call.
  using LogitsSink = std::function<Status(int first, const LogitsView& logits)>;

  // below: layers under the cut, 0 to all; kUsage for others and for too many candidates, else as Model::Load
  // and GgmlEngine::Create.
  static Result<std::unique_ptr<ModelAtCut>> Load(const std::string& path, int below,
                                                  const ModelAtCutOptions& options);
  ~ModelAtCut();

  const ModelAtCutShape& shape() const;
  Engine& whole();  // for one sequence

  // The embedding stage's rows of all ids, [vocab_size, width], each as a text's first. kResource past 4 GiB.
  Result<std::vector<float>> Embeddings();
  // Rows of a text at the cut, [ids, width]; 1 to context ids. Ends what Restart began.
  Result<std::vector<float>> RowsOf(std::span<const Token> ids);
  // What the layers above the cut and the head make of a text's rows, [n, width], 1 <= n <= context.
  Status LogitsOf(std::span<const float> rows, const LogitsSink& sink);

  // An empty text, which Take makes longer.
  Status Restart();
  // Rows at the cut that each candidate would have as the text's next token, [candidates, width]. The text
  // stays as it is until Take.
  Result<std::vector<float>> Try(std::span<const Token> candidates);
  // The candidate of the last Try with this index becomes the text's next token.
  Status Take(size_t candidate);

 private:
  struct Engines;
  explicit ModelAtCut(std::unique_ptr<Engines> engines);

  std::unique_ptr<Engines> engines_;
};

}  // namespace tandem
