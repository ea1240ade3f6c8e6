// The transform `low_rank`: each layer's table [vocab, dim] as the product of two thin matrices.
#pragma once

#include <vector>

#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct LowRankOptions {
  int64_t rank = 0;  // number of directions kept in each layer
};

// The truncated singular value decomposition of each layer, without subtracting the mean.  Since dim is
// small, the right singular vectors are computed as eigenvectors of the [dim, dim] Gram matrix, in float64.
class LowRankRows : public RowTransform {
 public:
  // The directions are fitted to all rows of a table of up to kMostFitRows rows, and to that many evenly
  // spaced rows of a larger one, where they are those of the sample.
  static constexpr int64_t kMostFitRows = 65'536;
  LowRankRows(const TableScan& table, int64_t rank);
  // Bytes of the table in this form: [vocab, rank] and [rank, dim] for each layer, in the table's dtype.
  static int64_t Bytes(const PleGeometry& geometry, int64_t rank) {
    return geometry.layers * rank * (geometry.vocab + geometry.dim) * SizeOf(geometry.dtype);
  }

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_, rank_;
  std::vector<std::vector<double>> directions_;  // [layers][rank, dim]
};

}  // namespace plelab
