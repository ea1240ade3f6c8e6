// The kernel's limit of reads per second, in virtual time.
#pragma once

#include <cstdint>

namespace plelab {

// Linux counts the reads of a slice of time (block/blk-throttle.c, tg_within_iops_limit and
// throtl_trim_slice): while the slice has some left they pass at once, then they wait until the next slice
// begins.  What a slice leaves over is lost, a fraction of a read too; after a pause of a slice a new one
// begins with the next read.
class ReadLimit {
 public:
  // iops: reads per second; 0: no limit.  iops × slice must be at least one read.
  ReadLimit(double iops, double slice_ms)
      : slice_ns_(static_cast<int64_t>(slice_ms * 1e6)), per_slice_(iops * slice_ms / 1e3) {}

  // When a read passes that arrives at `arrived_ns`, which never descends.
  int64_t Pass(int64_t arrived_ns);

 private:
  int64_t slice_ns_;
  double per_slice_;
  int64_t begin_ns_ = 0;       // of the slice
  int64_t last_pass_ns_ = -1;  // no read has passed
  double passed_ = 0;          // in the slice
};

}  // namespace plelab
