#include "model/devices/read_limit.h"

#include <algorithm>

namespace plelab {

int64_t ReadLimit::Pass(int64_t arrived_ns) {
  if (per_slice_ <= 0) return arrived_ns;
  int64_t now = std::max(arrived_ns, last_pass_ns_);  // first come, first served
  if (last_pass_ns_ < 0 || now > last_pass_ns_ + slice_ns_) {
    begin_ns_ = now;
    passed_ = 0;
  }
  const int64_t slices = (now - begin_ns_) / slice_ns_;
  begin_ns_ += slices * slice_ns_;
  passed_ = std::max(0.0, passed_ - static_cast<double>(slices) * per_slice_);
  while (passed_ + 1 > per_slice_) {
    begin_ns_ += slice_ns_;
    now = begin_ns_;
    passed_ = std::max(0.0, passed_ - per_slice_);
  }
  passed_ += 1;
  last_pass_ns_ = now;
  return now;
}

}  // namespace plelab
