// Reads rows of a table in a file.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "model/io/random_access_file.h"
#include "model/ple/ple_table.h"

namespace plelab {

// The reads of one batch of rows.  Layers of a later part need later reads, so that the first layers can be
// had before the rest has come.
class RowBatch {
 public:
  // rows: [n], each in [0, vocab), in any order and with repeats.  Each distinct row is read once, in the
  // file's order, and neighbours in one read of up to 1 MiB.  The table and the file must outlive the batch.
  RowBatch(const PleTable& table, RandomAccessFile& file, std::span<const int64_t> rows);

  // How many reads there are, and how many of them, the first ones, a layer waits for.
  size_t reads() const { return runs_.size(); }
  size_t ReadsUntil(int64_t layer) const { return (layer / table_.layers_per_part() + 1) * runs_per_part_; }
  // Blocks until read `index` is done.  Throws RunError naming file, row and offset when it failed, at every
  // call.
  void Wait(size_t index);
  // The positions of `rows` that read `index` answers, and the layers of theirs that it has: [begin, end).
  std::span<const int32_t> PositionsOf(size_t index);
  std::pair<int64_t, int64_t> LayersOf(size_t index) const;
  // The stored slice of one layer of the row at `position` of `rows`.  REQUIRES that Wait has returned for
  // the reads of the layer's part.
  const std::byte* Slice(int64_t position, int64_t layer) const;

 private:
  // Neighbouring places that are one read, as indices into places_.
  struct Run {
    size_t begin = 0, end = 0;
    int64_t part = 0;
    const std::byte* bytes = nullptr;  // once it was read
  };
  void FindPlaces(std::span<const int64_t> rows);
  void FindRuns();
  void SortPositions();
  ReadRange RangeOf(const Run& run) const;

  const PleTable& table_;
  std::vector<int64_t> places_;          // distinct, ascending
  std::vector<int64_t> rows_of_places_;  // [places]
  std::vector<int32_t> place_of_;        // [n], as indices into places_
  // Made when PositionsOf is first called, which most batches never do.
  std::vector<int32_t> by_place_;        // [n], positions in the order of their places
  std::vector<int32_t> first_by_place_;  // [places + 1], where each place begins in by_place_
  std::vector<int32_t> run_of_place_;    // [places], among those of one part
  std::vector<Run> runs_;                // [parts, runs_per_part_]
  size_t runs_per_part_ = 0;
  std::unique_ptr<Completion> completion_;  // declared last: it is destroyed first
};

class RowReader {
 public:
  RowReader(PleTable table, std::unique_ptr<RandomAccessFile> file)
      : table_(std::move(table)), file_(std::move(file)) {}

  const PleTable& table() const { return table_; }
  // Starts to read; the batch must not outlive the reader.  Thread-safe.
  std::unique_ptr<RowBatch> Submit(std::span<const int64_t> rows) const {
    return std::make_unique<RowBatch>(table_, *file_, rows);
  }
  bool reads_by_itself() const { return file_->reads_by_itself(); }
  IoCounters counters() const { return file_->counters(); }
  void ReleasePages() { file_->ReleasePages(); }
  void Trim() { file_->Trim(); }
  bool bypasses_page_cache() const { return file_->bypasses_page_cache(); }

 private:
  PleTable table_;
  std::unique_ptr<RandomAccessFile> file_;
};

}  // namespace plelab
