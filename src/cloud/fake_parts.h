// A fake model that is served in parts: for tests and simulations.
#pragma once

#include <memory>
#include <vector>

#include "cloud/service.h"
#include "decode/fake_engine.h"

namespace tandem {

// Rows of activations of a fake model hold nothing but the id.
constexpr int kFakeRowWidth = 1;

// What lies behind any cut of `whole` computes what the whole does, and what lies between two passes rows on.
// made: where to note the engines, which are the service's.
inline PartSource FakeParts(FakeEngineConfig whole, int layers, std::vector<FakeEngine*>* made = nullptr) {
  whole.input_width = kFakeRowWidth;
  const auto make = [whole, layers, made](int, int end) -> Result<std::unique_ptr<Engine>> {
    FakeEngineConfig config = whole;
    if (end < layers) config.output_width = kFakeRowWidth;
    auto part = std::make_unique<FakeEngine>(config);
    if (made != nullptr) made->push_back(part.get());
    return part;
  };
  return {{.layers = layers, .width = kFakeRowWidth, .identity = {}}, make};
}

}  // namespace tandem
