// The transforms `zero_layers`, `mean_layers` and `shared`: in some layers every token reads the same row,
// which is zeros or the mean row of the table.
#pragma once

#include <vector>

#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

// The options of zero_layers and mean_layers.
struct FixedRowsOptions {
  std::vector<int64_t> layers = {};  // the layers that are changed, ascending
};

class FixedRows : public RowTransform {
 public:
  // For zero_layers.  The projection, the other half of the per-layer input, stays.
  static std::unique_ptr<RowTransform> Zero(const PleGeometry& geometry, const std::vector<int64_t>& layers);
  // For mean_layers and, with every layer, for shared.
  static std::unique_ptr<RowTransform> Mean(const TableScan& table, const std::vector<int64_t>& layers);
  // Bytes of a table in which `fixed` layers keep `rows_kept` rows (0 or 1) and the others keep all rows.
  static int64_t Bytes(const PleGeometry& geometry, int64_t fixed, int64_t rows_kept);

  bool Changes(int64_t layer) const override { return !row_of_layer_[layer].empty(); }
  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  explicit FixedRows(std::vector<std::vector<float>> row_of_layer) : row_of_layer_(std::move(row_of_layer)) {}

  std::vector<std::vector<float>> row_of_layer_;  // [layers][dim]; empty for layers that are not changed
};

}  // namespace plelab
