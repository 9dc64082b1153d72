// A model is a row of stages: 0 the embedding, 1..n its n layers, n + 1 the head.
#pragma once

#include <span>
#include <string>

namespace tandem {

// Stages [begin, end).
struct StageRange {
  int begin = 0;
  int end = 0;

  bool HasEmbedding() const { return begin == 0 && end > 0; }
  bool HasHead(int layers) const { return end == layers + 2 && begin < end; }
  bool Holds(StageRange other) const { return begin <= other.begin && other.end <= end; }
  // Layers [FirstLayer, LastLayer) counted from 0.
  int FirstLayer() const { return begin > 0 ? begin - 1 : 0; }
  int LastLayer(int layers) const { return end - 1 < layers ? (end > 0 ? end - 1 : 0) : layers; }
  friend bool operator==(const StageRange&, const StageRange&) = default;
};

inline StageRange WholeModel(int layers) {
  return {0, layers + 2};
}

// Ranges for people, layers counted from 0: "the embedding and layers 0:2, layers 10:12 and the head".
std::string StagesText(std::span<const StageRange> ranges, int layers);

}  // namespace tandem
