// Reads the whole table, or an evenly spaced sample of its rows, for transforms that are fitted to it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "model/ple/row_reader.h"

namespace plelab {

// Reads the file directly, whatever the source below the transform, so that fitting neither fills a cache nor
// counts in stats().
class TableScan {
 public:
  TableScan(const PleTable& table, std::unique_ptr<RandomAccessFile> file)
      : reader_(table, std::move(file)) {}

  const PleGeometry& geometry() const { return reader_.table().geometry; }
  // The number of rows that a scan of at most `most_rows` visits.
  int64_t rows(int64_t most_rows) const { return std::min(most_rows, geometry().vocab); }

  using Visitor = std::function<void(int64_t layer, std::span<const float> values)>;
  // Visits rows(most_rows) rows, spaced evenly over the table, in blocks.  For each block `visit` is called
  // once per layer with values [block, dim].  Throws RunError naming file, row and offset when a read fails.
  void ForEachBlock(int64_t most_rows, const Visitor& visit) const;

  // [layers][dim]: the mean over all rows, summed in float64.
  std::vector<std::vector<float>> MeanRows() const;

 private:
  RowReader reader_;
};

}  // namespace plelab
