// The transform `codebook`: each layer has a codebook of a few rows, and every token reads one of them.
#pragma once

#include <vector>

#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct CodebookOptions {
  int64_t entries = 0;  // rows of each layer's codebook
  int64_t seed = 0;
};

// k-means per layer (Lloyd's algorithm, starting from rows drawn at random).  A token reads the entry nearest
// to its row.  The entry is searched for at each request and is the one that a stored index would name.
class CodebookRows : public RowTransform {
 public:
  // The codebooks are fitted to all rows of a table of up to kMostFitRows rows, and to that many evenly
  // spaced rows of a larger one.
  static constexpr int64_t kMostFitRows = 8192;
  static constexpr int kIterations = 10;
  // REQUIRES entries ≤ min(vocab, kMostFitRows).
  CodebookRows(const TableScan& table, int64_t entries, int64_t seed);
  // Bytes of the table in this form: an index of ⌈log2 entries⌉ bits per row and layer, and each layer's
  // codebook in the table's dtype.
  static int64_t Bytes(const PleGeometry& geometry, int64_t entries);

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_;
  // [layers][dim, entries]: transposed, so that one value of a row is multiplied with those of all entries at
  // once.
  std::vector<std::vector<float>> books_;
};

}  // namespace plelab
