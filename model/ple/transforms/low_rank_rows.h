// Each layer's table [vocab, dim] as the product of two thin matrices.
#pragma once

#include <vector>

#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct LowRankOptions {
  int64_t rank = 0;  // directions kept in each layer
};

// The truncated singular value decomposition of each layer, about zero (the mean is not taken off).  dim is
// small, so that the right singular vectors are the eigenvectors of the [dim, dim] Gram matrix, in float64.
class LowRankRows : public RowTransform {
 public:
  // Fitted to all rows of a table up to kMostFitRows, else to that many, evenly spaced: there the directions
  // are those of the sample.
  static constexpr int64_t kMostFitRows = 65'536;
  LowRankRows(const TableScan& table, int64_t rank);
  // [vocab, rank] and [rank, dim] for each layer, in the table's dtype.
  static int64_t Bytes(const PleGeometry& geometry, int64_t rank) {
    return geometry.layers * rank * (geometry.vocab + geometry.dim) * SizeOf(geometry.dtype);
  }

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_, rank_;
  std::vector<std::vector<double>> directions_;  // [layers][rank, dim]
};

}  // namespace plelab
