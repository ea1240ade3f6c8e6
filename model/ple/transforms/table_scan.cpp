#include "model/ple/transforms/table_scan.h"

#include <algorithm>
#include <atomic>

#include "model/ple/transforms/row_values.h"

namespace plelab {
namespace {

constexpr int64_t kBlockBytes = 16 * 1024 * 1024;

}  // namespace

void TableScan::ForEachBlock(int64_t most_rows, const Visitor& visit) const {
  const int64_t n = rows(most_rows);
  const int64_t block = std::max<int64_t>(1, kBlockBytes / geometry_.row_bytes());
  const std::atomic<bool> abandoned = false;
  std::vector<int64_t> wanted;
  std::vector<float> values;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(begin + block, n);
    wanted.clear();
    for (int64_t i = begin; i < end; ++i) wanted.push_back(i * geometry_.vocab / n);
    LayerMajorRows rows(geometry_, end - begin);
    reader_.Read(wanted, rows, abandoned);
    values.resize((end - begin) * geometry_.dim);
    for (int64_t layer = 0; layer < geometry_.layers; ++layer) {
      LoadValues(geometry_.dtype, rows.Layer(layer), values);
      visit(layer, values);
    }
  }
}

std::vector<std::vector<float>> TableScan::MeanRows() const {
  const int64_t dim = geometry_.dim;
  std::vector<double> sums(geometry_.layers * dim);
  ForEachBlock(geometry_.vocab, [&](int64_t layer, std::span<const float> values) {
    double* sum = sums.data() + layer * dim;
    for (size_t i = 0; i < values.size(); i += dim) {
      for (int64_t d = 0; d < dim; ++d) sum[d] += values[i + d];
    }
  });
  std::vector<std::vector<float>> means(geometry_.layers, std::vector<float>(dim));
  for (int64_t layer = 0; layer < geometry_.layers; ++layer) {
    for (int64_t d = 0; d < dim; ++d) {
      means[layer][d] = static_cast<float>(sums[layer * dim + d] / static_cast<double>(geometry_.vocab));
    }
  }
  return means;
}

}  // namespace plelab
