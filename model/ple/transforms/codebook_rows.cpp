#include "model/ple/transforms/codebook_rows.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "model/base/random_bits.h"

namespace plelab {
namespace {

// A codebook [dim, entries] with the buffers that the search for the nearest entry needs.
class NearestEntry {
 public:
  NearestEntry(const std::vector<float>& book, int64_t dim)
      : book_(book), entries_(std::ssize(book) / dim), half_square_(entries_), distance_(entries_) {
    for (size_t i = 0; i < book.size(); ++i) half_square_[i % entries_] += 0.5f * book[i] * book[i];
  }

  // The entry nearest to `row`, the first of equally near ones.  Minimises (|row − entry|² − |row|²) / 2,
  // since |row|² is the same for all entries.
  int64_t Of(std::span<const float> row) {
    std::copy(half_square_.begin(), half_square_.end(), distance_.begin());
    for (size_t d = 0; d < row.size(); ++d) {
      const float* values = book_.data() + d * entries_;
      for (int64_t k = 0; k < entries_; ++k) distance_[k] -= row[d] * values[k];
    }
    return std::min_element(distance_.begin(), distance_.end()) - distance_.begin();
  }

 private:
  const std::vector<float>& book_;
  int64_t entries_;
  std::vector<float> half_square_, distance_;  // [entries]
};

// `entries` distinct numbers below n, in the order in which they are drawn.
std::vector<int64_t> Draw(int64_t n, int64_t entries, uint64_t key) {
  std::vector<int64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  for (int64_t i = 0; i < entries; ++i) {
    std::swap(all[i], all[i + MixBits(key ^ static_cast<uint64_t>(i)) % static_cast<uint64_t>(n - i)]);
  }
  all.resize(entries);
  return all;
}

// One step of Lloyd's algorithm: each entry moves to the mean of the rows that are nearest to it; an entry
// without such rows stays.
void MoveToMeans(std::span<const float> rows, int64_t dim, std::vector<float>& book) {
  const int64_t entries = std::ssize(book) / dim;
  std::vector<double> sums(book.size());
  std::vector<int64_t> counts(entries);
  NearestEntry nearest(book, dim);
  for (size_t i = 0; i < rows.size(); i += dim) {
    const int64_t k = nearest.Of(rows.subspan(i, dim));
    ++counts[k];
    for (int64_t d = 0; d < dim; ++d) sums[d * entries + k] += rows[i + d];
  }
  for (size_t i = 0; i < book.size(); ++i) {
    const int64_t count = counts[i % entries];
    if (count > 0) book[i] = static_cast<float>(sums[i] / static_cast<double>(count));
  }
}

std::vector<float> Fit(std::span<const float> rows, int64_t dim, int64_t entries, uint64_t key) {
  std::vector<float> book(dim * entries);
  const std::vector<int64_t> first = Draw(std::ssize(rows) / dim, entries, key);
  for (int64_t k = 0; k < entries; ++k) {
    for (int64_t d = 0; d < dim; ++d) book[d * entries + k] = rows[first[k] * dim + d];
  }
  for (int i = 0; i < CodebookRows::kIterations; ++i) MoveToMeans(rows, dim, book);
  return book;
}

}  // namespace

CodebookRows::CodebookRows(const TableScan& table, int64_t entries, int64_t seed)
    : dim_(table.geometry().dim) {
  std::vector<std::vector<float>> sample(table.geometry().layers);
  table.ForEachBlock(kMostFitRows, [&](int64_t layer, std::span<const float> values) {
    sample[layer].insert(sample[layer].end(), values.begin(), values.end());
  });
  for (uint64_t layer = 0; layer < sample.size(); ++layer) {
    books_.push_back(
        Fit(sample[layer], dim_, entries, MixBits(MixBits(static_cast<uint64_t>(seed)) ^ layer)));
  }
}

int64_t CodebookRows::Bytes(const PleGeometry& geometry, int64_t entries) {
  const int64_t bits = std::bit_width(static_cast<uint64_t>(entries - 1));
  return geometry.layers * ((geometry.vocab * bits + 7) / 8 + entries * geometry.layer_bytes());
}

void CodebookRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  const std::vector<float>& book = books_[layer];
  const int64_t entries = std::ssize(book) / dim_;
  NearestEntry nearest(book, dim_);
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::span<float> row = values.subspan(i * dim_, dim_);
    const int64_t k = nearest.Of(row);
    for (int64_t d = 0; d < dim_; ++d) row[d] = book[d * entries + k];
  }
}

}  // namespace plelab
