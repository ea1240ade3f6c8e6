// The whole table, or an even sample of it, for a transform that is fitted to it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "model/ple/row_reader.h"

namespace plelab {

// Reads the file itself, whatever source the transform stands on: fitting fills no cache and counts in no
// stats().
class TableScan {
 public:
  TableScan(const PleGeometry& geometry, std::unique_ptr<RandomAccessFile> file, int64_t offset_bytes)
      : geometry_(geometry), reader_(geometry, std::move(file), offset_bytes) {}

  const PleGeometry& geometry() const { return geometry_; }
  // How many rows a scan of at most `most_rows` takes.
  int64_t rows(int64_t most_rows) const { return std::min(most_rows, geometry_.vocab); }

  using Visitor = std::function<void(int64_t layer, std::span<const float> values)>;
  // Visits rows(most_rows) rows, spaced evenly over the table, a block at a time: values [block, dim] of each
  // layer.  Throws RunError naming file, row and offset when a read fails.
  void ForEachBlock(int64_t most_rows, const Visitor& visit) const;

  // [layers][dim]: the mean over all rows, summed in float64.
  std::vector<std::vector<float>> MeanRows() const;

 private:
  PleGeometry geometry_;
  RowReader reader_;
};

}  // namespace plelab
