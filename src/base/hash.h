// SHA-256 for identities that must not collide by accident or by intent: vocabularies, weights, kernel
// fingerprints.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tandem {

using Digest = std::array<uint8_t, 32>;

// Incremental SHA-256 (OpenSSL). One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& Update(ByteView bytes);
  Sha256& Update(std::string_view text);
  Digest Finish();  // once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Hex(const Digest& digest);
std::optional<Digest> ParseHex(std::string_view text);  // exactly what Hex writes

}  // namespace tandem
