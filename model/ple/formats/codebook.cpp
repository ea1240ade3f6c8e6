#include "model/ple/formats/codebook.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/base/random_bits.h"

namespace plelab {
namespace {

constexpr int kIterations = 10;

std::vector<float> HalfSquares(const std::vector<float>& book, int64_t entries) {
  std::vector<float> half_square(static_cast<size_t>(entries));
  for (size_t i = 0; i < book.size(); ++i) half_square[i % entries] += 0.5f * book[i] * book[i];
  return half_square;
}

// Minimises (|row − entry|² − |row|²) / 2, since |row|² is the same for all entries.
int64_t NearestOf(const std::vector<float>& book, const std::vector<float>& half_square,
                  std::span<const float> row) {
  thread_local std::vector<float> distance;
  distance = half_square;
  const int64_t entries = std::ssize(half_square);
  for (size_t d = 0; d < row.size(); ++d) {
    const float* values = book.data() + static_cast<int64_t>(d) * entries;
    for (int64_t k = 0; k < entries; ++k) distance[k] -= row[d] * values[k];
  }
  return std::min_element(distance.begin(), distance.end()) - distance.begin();
}

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
  const std::vector<float> half_square = HalfSquares(book, entries);
  for (size_t i = 0; i < rows.size(); i += dim) {
    const int64_t k = NearestOf(book, half_square, rows.subspan(i, dim));
    ++counts[k];
    for (int64_t d = 0; d < dim; ++d) sums[d * entries + k] += rows[i + d];
  }
  for (size_t i = 0; i < book.size(); ++i) {
    const int64_t count = counts[i % entries];
    if (count > 0) book[i] = static_cast<float>(sums[i] / static_cast<double>(count));
  }
}

}  // namespace

Codebooks::Codebooks(int64_t dim, std::vector<std::vector<float>> books)
    : dim_(dim), entries_(books.empty() ? 0 : std::ssize(books.front()) / dim), books_(std::move(books)) {
  for (const auto& book : books_) half_square_.push_back(HalfSquares(book, entries_));
}

int64_t Codebooks::Nearest(int64_t layer, std::span<const float> row) const {
  return NearestOf(books_[layer], half_square_[layer], row);
}

void Codebooks::Copy(int64_t layer, int64_t entry, std::span<float> row) const {
  for (int64_t d = 0; d < dim_; ++d) row[d] = books_[layer][d * entries_ + entry];
}

std::vector<float> FitCodebook(std::span<const float> rows, int64_t dim, int64_t entries, uint64_t key) {
  std::vector<float> book(dim * entries);
  const std::vector<int64_t> first = Draw(std::ssize(rows) / dim, entries, key);
  for (int64_t k = 0; k < entries; ++k) {
    for (int64_t d = 0; d < dim; ++d) book[d * entries + k] = rows[first[k] * dim + d];
  }
  for (int i = 0; i < kIterations; ++i) MoveToMeans(rows, dim, book);
  return book;
}

}  // namespace plelab
