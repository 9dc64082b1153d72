// Philox at an address, see noise.h. Counter: position, token, purpose, block base; key: seed.
#include "sample/noise.h"

#include "base/philox.h"

namespace tandem {

double UniformNoise(const NoiseAddress& address, Token token) {
  const PhiloxCounter words =
      Philox4x32({static_cast<uint32_t>(address.position), static_cast<uint32_t>(token),
                  static_cast<uint32_t>(address.purpose), static_cast<uint32_t>(address.block_base)},
                 {static_cast<uint32_t>(address.seed), static_cast<uint32_t>(address.seed >> 32)});
  const uint64_t bits = (uint64_t{words[0]} << 32 | words[1]) >> 12;  // 52 bits
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;                 // exact: never 0, never 1
}

}  // namespace tandem
