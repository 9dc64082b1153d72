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
// The head alone, which sees no prefix, writes a text of its own.
// made: where to note the engines, which are the service's.
inline PartSource FakeParts(FakeEngineConfig whole, int layers, std::vector<FakeEngine*>* made = nullptr) {
  whole.input_width = kFakeRowWidth;
  const auto make = [whole, layers, made](int begin, int end) -> Result<std::unique_ptr<Engine>> {
    FakeEngineConfig config = whole;
    config.head_alone = begin == layers;
    if (end < layers) config.output_width = kFakeRowWidth;
    auto part = std::make_unique<FakeEngine>(config);
    if (made != nullptr) made->push_back(part.get());
    return part;
  };
  return {{.layers = layers, .width = kFakeRowWidth, .identity = {}}, make};
}

}  // namespace tandem
