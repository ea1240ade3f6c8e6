// Codebooks: each layer has a few rows, and every token's slice is replaced by one of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

// The books of all layers.  Thread-safe.
class Codebooks {
 public:
  // books: [layers][dim, entries], transposed, so that one value of a row is multiplied with those of all
  // entries at once.
  Codebooks(int64_t dim, std::vector<std::vector<float>> books);

  int64_t layers() const { return static_cast<int64_t>(books_.size()); }
  int64_t entries() const { return entries_; }
  int64_t bytes() const { return layers() * entries_ * (dim_ + 1) * static_cast<int64_t>(sizeof(float)); }
  // The entry of a layer's book that is nearest to `row` [dim], the first of equally near ones.
  int64_t Nearest(int64_t layer, std::span<const float> row) const;
  // Writes an entry to `row` [dim].
  void Copy(int64_t layer, int64_t entry, std::span<float> row) const;

 private:
  int64_t dim_, entries_;
  std::vector<std::vector<float>> books_;        // [layers][dim, entries]
  std::vector<std::vector<float>> half_square_;  // [layers][entries]: |entry|² / 2
};

// k-means (Lloyd's algorithm, ten steps, starting from rows drawn at random).  rows: [n, dim], entries ≤ n.
// Returns [dim, entries].
std::vector<float> FitCodebook(std::span<const float> rows, int64_t dim, int64_t entries, uint64_t key);

}  // namespace plelab
