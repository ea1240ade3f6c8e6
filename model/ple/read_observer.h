// An interface for learning when a source reads.  Without an observer (nullptr) it costs nothing.
#pragma once

#include <cstdint>

namespace plelab {

class ReadObserver {
 public:
  virtual ~ReadObserver() = default;
  // A read from storage lasted from begin_ns to end_ns by the clock of reads (sources/read_clock.h).  Reads
  // that go on by themselves are told together, up to when a caller had waited for them.  Called by the
  // thread that read or waited, one call at a time for each file.
  virtual void SeeRead(int64_t begin_ns, int64_t end_ns) = 0;
};

}  // namespace plelab
