#include "model/ple/transforms/low_rank_rows.h"

#include <Eigen/Eigenvalues>
#include <algorithm>

#include "model/base/error.h"

namespace plelab {
namespace {

// gram [dim, dim] += valuesᵀ · values, upper triangle only.
void AddProducts(std::span<const float> values, int64_t dim, std::vector<double>& gram) {
  std::vector<double> row(dim);
  for (size_t begin = 0; begin < values.size(); begin += dim) {
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(begin), dim, row.begin());
    for (int64_t i = 0; i < dim; ++i) {
      double* sum = gram.data() + i * dim;
      for (int64_t j = i; j < dim; ++j) sum[j] += row[i] * row[j];
    }
  }
}

// The eigenvectors of the `rank` largest eigenvalues, [rank, dim], the largest first.  The solver chooses the
// sign of each, on which the projection does not depend.
std::vector<double> LargestDirections(const std::vector<double>& gram, int64_t dim, int64_t rank) {
  // Eigen's matrices are column-major and its solver reads the lower triangle, which is our upper one.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      Eigen::Map<const Eigen::MatrixXd>(gram.data(), dim, dim));
  if (solver.info() != Eigen::Success) {
    throw RunError(
        "low_rank: the eigenvectors of a layer of the PLE table were not found; expected finite values");
  }
  std::vector<double> directions;
  for (int64_t k = dim - 1; k >= dim - rank; --k) {  // Eigen sorts eigenvalues in ascending order
    const auto vector = solver.eigenvectors().col(k);
    directions.insert(directions.end(), vector.begin(), vector.end());
  }
  return directions;
}

}  // namespace

LowRankRows::LowRankRows(const TableScan& table, int64_t rank) : dim_(table.geometry().dim), rank_(rank) {
  std::vector<std::vector<double>> grams(table.geometry().layers, std::vector<double>(dim_ * dim_));
  table.ForEachBlock(kMostFitRows, [&](int64_t layer, std::span<const float> values) {
    AddProducts(values, dim_, grams[layer]);
  });
  for (const std::vector<double>& gram : grams) directions_.push_back(LargestDirections(gram, dim_, rank));
}

void LowRankRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  std::vector<double> projected(dim_);
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::span<float> row = values.subspan(i * dim_, dim_);
    std::fill(projected.begin(), projected.end(), 0.0);
    for (int64_t k = 0; k < rank_; ++k) {
      const double* direction = directions_[layer].data() + k * dim_;
      double along = 0;
      for (int64_t d = 0; d < dim_; ++d) along += direction[d] * row[d];
      for (int64_t d = 0; d < dim_; ++d) projected[d] += along * direction[d];
    }
    std::transform(projected.begin(), projected.end(), row.begin(),
                   [](double value) { return static_cast<float>(value); });
  }
}

}  // namespace plelab
