// How many bytes the devices moved for this process: what the kernel counts, not what a program believes.
#pragma once

#include <cstdint>
#include <string>

#include "harness/record/record.h"

namespace plelab {

// The number that follows "read_bytes:" in the text of /proc/PID/io, or kBytesUnknown.
int64_t ReadBytesOf(const std::string& proc_io);

// Counts from its construction on, over all threads of this process: whole blocks of direct reads, and what
// reads and page faults brought into the page cache, read-ahead included.  What the page cache answers counts
// nothing.  A read counts when it is handed to the device (submit_bio).  Not for timed regions: looking takes
// microseconds.
class KernelReads {
 public:
  KernelReads();
  // kBytesUnknown where /proc/self/io cannot be read or lacks the field.
  int64_t bytes() const;

 private:
  int64_t before_;
};

}  // namespace plelab
