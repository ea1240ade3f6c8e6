#include "model/ple/transforms/table_scan.h"

#include <algorithm>

#include "model/ple/decoded_rows.h"
#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

constexpr int64_t kBlockBytes = 16 * 1024 * 1024;

}  // namespace

void TableScan::ForEachBlock(int64_t most_rows, const Visitor& visit) const {
  const PleGeometry& g = geometry();
  const int64_t n = rows(most_rows);
  const int64_t block = std::max<int64_t>(1, kBlockBytes / g.row_bytes());
  std::vector<int64_t> wanted;
  std::vector<float> values;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(begin + block, n);
    wanted.clear();
    for (int64_t i = begin; i < end; ++i) wanted.push_back(i * g.vocab / n);
    const auto batch = reader_.Submit(wanted);
    for (size_t i = 0; i < batch->reads(); ++i) batch->Wait(i);
    DecodedRows decoded(g, reader_.table().codec.get(), end - begin);
    values.resize((end - begin) * g.dim);
    for (int64_t layer = 0; layer < g.layers; ++layer) {
      const auto rows = decoded.Layer(layer, [&](int64_t i) { return batch->Slice(i, layer); });
      LoadValues(g.dtype, rows, values);
      visit(layer, values);
    }
  }
}

std::vector<std::vector<float>> TableScan::MeanRows() const {
  const int64_t dim = geometry().dim;
  std::vector<double> sums(geometry().layers * dim);
  ForEachBlock(geometry().vocab, [&](int64_t layer, std::span<const float> values) {
    double* sum = sums.data() + layer * dim;
    for (size_t i = 0; i < values.size(); i += dim) {
      for (int64_t d = 0; d < dim; ++d) sum[d] += values[i + d];
    }
  });
  std::vector<std::vector<float>> means(geometry().layers, std::vector<float>(dim));
  for (int64_t layer = 0; layer < geometry().layers; ++layer) {
    for (int64_t d = 0; d < dim; ++d) {
      means[layer][d] = static_cast<float>(sums[layer * dim + d] / static_cast<double>(geometry().vocab));
    }
  }
  return means;
}

}  // namespace plelab
