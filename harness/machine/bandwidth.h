// The read bandwidth of this machine, with which a decode step is compared.
#pragma once

#include <cstdint>

namespace plelab {

// GB/s (1e9 bytes) of the kernels' read loop (model/kernels/read_loop.h) over a huge-page buffer of at least
// 4 × the last-level cache, with `threads` threads (0: one per core), as the best pass in about 0.3 s.  The
// buffer is freed again, but VmHWM remembers it, so do not call this in a process whose peak memory is
// measured.
double MeasureReadBandwidth(int64_t threads);

}  // namespace plelab
