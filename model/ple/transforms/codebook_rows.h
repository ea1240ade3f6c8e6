// The transform `codebook`: each layer has a codebook of a few rows, and every token reads one of them.
#pragma once

#include "model/ple/formats/codebook.h"
#include "model/ple/transforms/table_scan.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct CodebookOptions {
  int64_t entries = 0;  // rows of each layer's codebook
  int64_t seed = 0;
};

// The books of a table, one for each layer, fitted to all rows of a table of up to kMostFitRows rows, and to
// that many evenly spaced rows of a larger one.  REQUIRES entries ≤ min(vocab, kMostFitRows).
Codebooks FitCodebooks(const TableScan& table, int64_t entries, int64_t seed);

// A token reads the entry nearest to its row.  The entry is searched for at each request and is the one that
// a packed table names (formats/codebook_codec.h).
class CodebookRows : public RowTransform {
 public:
  static constexpr int64_t kMostFitRows = 8192;
  CodebookRows(const TableScan& table, int64_t entries, int64_t seed)
      : dim_(table.geometry().dim), books_(FitCodebooks(table, entries, seed)) {}
  // Bytes of the table in this form: an index of ⌈log2 entries⌉ bits per row and layer, and each layer's
  // codebook in the table's dtype.
  static int64_t Bytes(const PleGeometry& geometry, int64_t entries);

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_;
  Codebooks books_;
};

}  // namespace plelab
