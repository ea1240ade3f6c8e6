// Each layer has a book of a few rows, and every token one of them.
#pragma once

#include <vector>

#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct CodebookOptions {
  int64_t entries = 0;  // rows of each layer's book
  int64_t seed = 0;
};

// k-means per layer (Lloyd's, from rows drawn at random).  A token takes the nearest entry of the book, found
// when it is asked: what a stored index would say.
class CodebookRows : public RowTransform {
 public:
  // Fitted to all rows of a table up to kMostFitRows, else to that many, evenly spaced over it.
  static constexpr int64_t kMostFitRows = 8192;
  static constexpr int kIterations = 10;
  // REQUIRES entries ≤ min(vocab, kMostFitRows).
  CodebookRows(const TableScan& table, int64_t entries, int64_t seed);
  // An index of ⌈log2 entries⌉ bits per row and layer, and each layer's book in the table's dtype.
  static int64_t Bytes(const PleGeometry& geometry, int64_t entries);

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_;
  // [layers][dim, entries]: transposed, so that one value of a row meets all entries at once.
  std::vector<std::vector<float>> books_;
};

}  // namespace plelab
