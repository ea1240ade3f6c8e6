// What a row costs on this storage: one at a time, and many at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/io/random_access_file.h"
#include "model/ple/ple_table.h"

namespace plelab {

// Where rows are when they are asked for.
enum class RowState {
  kCold,     // no page of them in the page cache
  kWarm,     // all of their pages in the page cache
  kModelled  // wherever they are: the opened file answers as late as another device would
};
std::string_view Name(RowState state);

struct RowCost {
  std::string backend = {};  // pread, direct, io_uring
  std::string state = {};    // cold, warm, modelled
  int64_t depth = 1;         // rows asked for at once
  int64_t samples = 0;       // batches of `depth` rows
  // Of a batch, until its last row is there.
  double p50_ns = 0, p99_ns = 0, mean_ns = 0;
  double rows_per_s = 0;
  std::string skipped = {};  // why it was not measured; empty: it was
};

struct RowCostRequest {
  PleTable table = {};
  IoBackend backend = IoBackend::kPread;
  RowState state = RowState::kCold;
  int64_t depth = 1;
  double most_seconds = 2;
  int64_t most_samples = 1024;
  uint64_t seed = 1;
  std::function<std::unique_ptr<RandomAccessFile>(const std::string&, const IoOptions&)> open =
      OpenRandomAccessFile;
};

// Reads random rows of the table.  Cold: the table is evicted from the page cache before each batch, outside
// of the timed region.  Warm: the rows were read before, which only means something for a backend that reads
// through the page cache; for others the result says that it was skipped.
// With a backend that reads by itself a batch is submitted at once; with any other, `depth` threads read one
// row each.  Nothing is said of caches below this system: a host's, a controller's.
// Throws RunError when a read fails.  A backend that cannot be opened here is skipped.
RowCost MeasureRowCost(const RowCostRequest& request);

}  // namespace plelab
