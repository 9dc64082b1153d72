// libllama's own decoder behind a small face: what Tandem's engine is measured against (tandem bench engine)
// and compared with in tests. Nothing that writes text uses it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

// Flash attention, an F16 cache and one batch a call, as llama.cpp's own tools would run on a CPU.
struct LlamaPeerOptions {
  Pos context = 0;     // positions; 0 = the model's trained context
  int threads = 1;     // of a thread pool with ggml's default polling (50)
  int max_rows = 512;  // n_batch and n_ubatch: of one Append
  bool repack = true;
};

// One sequence. One thread at a time.
class LlamaPeer {
 public:
  // kModel when libllama does not load the file, kResource when it makes no context. Its log is dropped.
  static Result<std::unique_ptr<LlamaPeer>> Load(const std::string& path, const LlamaPeerOptions& options);
  ~LlamaPeer();
  LlamaPeer(const LlamaPeer&) = delete;
  LlamaPeer& operator=(const LlamaPeer&) = delete;

  int vocab_rows() const;
  Pos length() const;
  Pos context() const;

  // Appends 1 to max_rows tokens in one decode call and returns the logits of the last `logits` of them, row
  // after row of vocab_rows() floats, valid until the next call.
  Result<std::span<const float>> Append(std::span<const Token> tokens, int logits);

  // Forgets positions >= length.
  void Truncate(Pos length);

 private:
  struct State;
  explicit LlamaPeer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tandem
