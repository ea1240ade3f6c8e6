#include "model/ple/transforms/codebook_rows.h"

#include <bit>

#include "model/base/random_bits.h"

namespace plelab {

Codebooks FitCodebooks(const TableScan& table, int64_t entries, int64_t seed) {
  const int64_t dim = table.geometry().dim;
  std::vector<std::vector<float>> sample(table.geometry().layers);
  table.ForEachBlock(CodebookRows::kMostFitRows, [&](int64_t layer, std::span<const float> values) {
    sample[layer].insert(sample[layer].end(), values.begin(), values.end());
  });
  std::vector<std::vector<float>> books;
  for (uint64_t layer = 0; layer < sample.size(); ++layer) {
    books.push_back(
        FitCodebook(sample[layer], dim, entries, MixBits(MixBits(static_cast<uint64_t>(seed)) ^ layer)));
  }
  return {dim, std::move(books)};
}

int64_t CodebookRows::Bytes(const PleGeometry& geometry, int64_t entries) {
  const int64_t bits = std::bit_width(static_cast<uint64_t>(entries - 1));
  return geometry.layers * ((geometry.vocab * bits + 7) / 8 + entries * geometry.layer_bytes());
}

void CodebookRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::span<float> row = values.subspan(i * dim_, dim_);
    books_.Copy(layer, books_.Nearest(layer, row), row);
  }
}

}  // namespace plelab
