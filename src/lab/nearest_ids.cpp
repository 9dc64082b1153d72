// See nearest_ids.h.
#include "lab/nearest_ids.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRows = Eigen::Map<const Matrix>;

constexpr size_t kRowBlock = 128;  // rows scored at once: of 128 000 ids 64 MB of scores
constexpr size_t kSpare = 8;       // ranked again in double, beyond those asked for

struct Scored {
  double score = 0;
  Token id = 0;
  friend bool operator<(const Scored& a, const Scored& b) {  // better first
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  }
};

Eigen::Index Index(size_t n) {
  return static_cast<Eigen::Index>(n);
}

}  // namespace

const char* MetricName(RowMetric metric) {
  return metric == RowMetric::kEuclid ? "euclid" : "cosine";
}

NearestIds::NearestIds(std::vector<float> vectors, size_t width)
    : vectors_(std::move(vectors)), width_(width), squares_(vectors_.size() / width) {
  const ConstRows all(vectors_.data(), Index(ids()), Index(width_));
  for (size_t id = 0; id < ids(); ++id) squares_[id] = all.row(Index(id)).squaredNorm();
}

std::span<const float> NearestIds::vector(Token id) const {
  return std::span<const float>(vectors_).subspan(static_cast<size_t>(id) * width_, width_);
}

// Higher is nearer. Of the row's own length nothing is said: it ranks no id before another.
double NearestIds::Score(const float* row, Token id, RowMetric metric) const {
  const float* vector = vectors_.data() + static_cast<size_t>(id) * width_;
  double dot = 0, distance = 0, square = 0;
  for (size_t i = 0; i < width_; ++i) {
    const double x = row[i], v = vector[i];
    dot += x * v;
    distance += (x - v) * (x - v);
    square += v * v;
  }
  if (metric == RowMetric::kEuclid) return -distance;
  return square > 0 ? dot / std::sqrt(square) : 0;
}

std::vector<Token> NearestIds::Nearest(std::span<const float> rows, size_t most, RowMetric metric) const {
  const size_t n = rows.size() / width_, spare = std::min(ids(), most + kSpare);
  const ConstRows all(vectors_.data(), Index(ids()), Index(width_));
  std::vector<Token> nearest;
  nearest.reserve(n * most);
  Matrix products;
  std::vector<Scored> ranked(ids());
  for (size_t begin = 0; begin < n; begin += kRowBlock) {
    const size_t count = std::min(kRowBlock, n - begin);
    products.noalias() =
        ConstRows(rows.data() + begin * width_, Index(count), Index(width_)) * all.transpose();
    for (size_t row = 0; row < count; ++row) {
      for (size_t id = 0; id < ids(); ++id) {
        const double dot = products(Index(row), Index(id)), square = squares_[id];
        const double cosine = square > 0 ? dot / std::sqrt(square) : 0;
        ranked[id] = {metric == RowMetric::kEuclid ? dot - square / 2 : cosine, static_cast<Token>(id)};
      }
      const auto end = ranked.begin() + static_cast<ptrdiff_t>(spare);
      std::nth_element(ranked.begin(), end - 1, ranked.end());
      for (auto it = ranked.begin(); it != end; ++it)
        it->score = Score(rows.data() + (begin + row) * width_, it->id, metric);
      std::sort(ranked.begin(), end);
      for (size_t i = 0; i < most; ++i) nearest.push_back(ranked[i].id);
    }
  }
  return nearest;
}

}  // namespace tandem
