#include "model/ple/transforms/fixed_rows.h"

#include <algorithm>

namespace plelab {

std::unique_ptr<RowTransform> FixedRows::Zero(const PleGeometry& geometry,
                                              const std::vector<int64_t>& layers) {
  std::vector<std::vector<float>> fixed(geometry.layers);
  for (int64_t layer : layers) fixed[layer].assign(geometry.dim, 0.0f);
  return std::unique_ptr<RowTransform>(new FixedRows(std::move(fixed)));
}

std::unique_ptr<RowTransform> FixedRows::Mean(const TableScan& table, const std::vector<int64_t>& layers) {
  auto means = table.MeanRows();
  std::vector<std::vector<float>> fixed(table.geometry().layers);
  for (int64_t layer : layers) fixed[layer] = std::move(means[layer]);
  return std::unique_ptr<RowTransform>(new FixedRows(std::move(fixed)));
}

int64_t FixedRows::Bytes(const PleGeometry& geometry, int64_t fixed, int64_t rows_kept) {
  return ((geometry.layers - fixed) * geometry.vocab + fixed * rows_kept) * geometry.layer_bytes();
}

void FixedRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  const std::vector<float>& row = row_of_layer_[layer];
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy(row.begin(), row.end(), values.begin() + static_cast<ptrdiff_t>(i * row.size()));
  }
}

}  // namespace plelab
