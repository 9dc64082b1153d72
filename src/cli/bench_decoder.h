// The two decoders that the bench compares, behind one face.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

enum class BenchSide { kTandem, kLlama };

struct BenchSettings {
  std::string model;  // path
  int threads = 1;
  Pos context = 0;    // positions
  bool exact = true;  // of Tandem's engine: GgmlEngineOptions::exact
};

// One text. One thread at a time.
class BenchDecoder {
 public:
  virtual ~BenchDecoder() = default;
  virtual Status Restart() = 0;  // back to an empty text
  virtual Status Prompt(
      std::span<const Token> tokens) = 0;  // of an empty text, up to the last token's logits
  virtual Status Next(Token token) = 0;    // one step with logits
};

Result<std::unique_ptr<BenchDecoder>> OpenBenchDecoder(BenchSide side, const BenchSettings& settings);

}  // namespace tandem
