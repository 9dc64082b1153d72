// See ridge_probe.h.
#include "lab/ridge_probe.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>

namespace tandem {

namespace {

using Floats = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Doubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Eigen::Index kBlock = 512;  // rows in double at once

}  // namespace

Result<RidgeProbe> RidgeProbe::Fit(std::span<const float> rows, std::span<const float> targets, size_t width,
                                   double strength) {
  if (width == 0 || rows.size() != targets.size() || rows.size() % width != 0 || rows.size() < 2 * width ||
      !(strength > 0))
    return Fail(ErrorCode::kUsage, "{} and {} values of width {} at a strength of {} are nothing to fit",
                rows.size(), targets.size(), width, strength);
  const auto n = static_cast<Eigen::Index>(rows.size() / width), w = static_cast<Eigen::Index>(width);
  const Floats x(rows.data(), n, w), y(targets.data(), n, w);
  const Eigen::RowVectorXd x_mean = x.cast<double>().colwise().mean();
  const Eigen::RowVectorXd y_mean = y.cast<double>().colwise().mean();
  Doubles gram = Doubles::Zero(w, w), cross = Doubles::Zero(w, w);
  for (Eigen::Index at = 0; at < n; at += kBlock) {
    const Eigen::Index count = std::min(kBlock, n - at);
    const Doubles a = x.middleRows(at, count).cast<double>().rowwise() - x_mean;
    const Doubles b = y.middleRows(at, count).cast<double>().rowwise() - y_mean;
    gram.noalias() += a.transpose() * a;
    cross.noalias() += a.transpose() * b;
  }
  gram.diagonal().array() += strength * gram.trace() / static_cast<double>(w);
  const Eigen::LLT<Doubles> solver(gram);
  if (solver.info() != Eigen::Success)
    return Fail(ErrorCode::kModel, "{} rows of {} values do not allow a regression", n, width);
  const Doubles weights = solver.solve(cross);
  RidgeProbe probe;
  probe.width_ = width;
  probe.weights_.assign(weights.data(), weights.data() + weights.size());
  probe.row_mean_.assign(x_mean.data(), x_mean.data() + w);
  probe.target_mean_.assign(y_mean.data(), y_mean.data() + w);
  return probe;
}

std::vector<float> RidgeProbe::Map(std::span<const float> rows) const {
  const auto n = static_cast<Eigen::Index>(rows.size() / width_), w = static_cast<Eigen::Index>(width_);
  const Floats x(rows.data(), n, w);
  const Eigen::Map<const Doubles> weights(weights_.data(), w, w);
  const Eigen::Map<const Eigen::RowVectorXd> x_mean(row_mean_.data(), w), y_mean(target_mean_.data(), w);
  std::vector<float> mapped(rows.size());
  for (Eigen::Index at = 0; at < n; at += kBlock) {
    const Eigen::Index count = std::min(kBlock, n - at);
    const Doubles a = x.middleRows(at, count).cast<double>().rowwise() - x_mean;
    const Doubles b = (a * weights).rowwise() + y_mean;
    std::transform(b.data(), b.data() + b.size(), mapped.begin() + at * w,
                   [](double v) { return static_cast<float>(v); });
  }
  return mapped;
}

}  // namespace tandem
