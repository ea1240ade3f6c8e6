// Reads rows from a token-major table in a file, as published: each row is one contiguous run of bytes.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "model/io/random_access_file.h"
#include "model/ple/layer_major_rows.h"

namespace plelab {

class RowReader {
 public:
  // Row r lies at offset_bytes + r · geometry.row_bytes() of `file`.
  RowReader(const PleGeometry& geometry, std::unique_ptr<RandomAccessFile> file, int64_t offset_bytes)
      : geometry_(geometry), file_(std::move(file)), offset_bytes_(offset_bytes) {}

  // Reads rows [n], each in [0, vocab), in any order and with repeats, into `out`; REQUIRES out.size() == n.
  // Each distinct row is read once, in the file's order, and adjacent rows in one read.  Returns early once
  // `abandoned` is true.  Thread-safe.
  // Throws RunError naming file, row and offset when a read fails.
  void Read(std::span<const int64_t> rows, LayerMajorRows& out, const std::atomic<bool>& abandoned) const;
  IoCounters counters() const { return file_->counters(); }
  void ReleasePages() { file_->ReleasePages(); }
  bool bypasses_page_cache() const { return file_->bypasses_page_cache(); }

 private:
  int64_t OffsetOf(int64_t row) const { return offset_bytes_ + row * geometry_.row_bytes(); }
  void ReadRows(int64_t first, int64_t count, std::byte* out) const;

  PleGeometry geometry_;
  std::unique_ptr<RandomAccessFile> file_;
  int64_t offset_bytes_;
};

}  // namespace plelab
