// Reads that rows are compared with, made before the timed steps of a repetition and never inside.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "harness/cold/cold_check.h"

namespace plelab {

// How a variant reads rows: the options of the source at the bottom of its chain, which reads the file, and
// the size of a row.  Variants whose texts are equal read alike.
struct RowReading {
  PleOptions options;  // of the source that reads the file, without a transform
  int64_t row_bytes = 0;
  int64_t window_bytes = 0;  // what one read may bring into the page cache, with what the kernel reads around
  // Why no read of another file is like those of this variant; empty where some are.
  std::string why_not;
  std::string text;
};
RowReading ReadingOf(const ColdCheck& check);

// Whether the kernel reads more than a row that a variant with these options asks for: through the page
// cache, without `advice: random`.
bool ReadsAhead(const PleOptions& options);

// What the kernel reads ahead or around on the file system of `path`, in bytes.
int64_t ReadAheadBytesOf(const std::string& path);

// Gives each check that asks for it its reads: kReferenceReads with O_DIRECT of rows of its table and, where
// page_cache.reference is set, as many of bytes that were never read, through a source like the variant's.
// `gap_ns` (design.settle) is spun before each unread one, as before a timed step.
// Checks that read alike from the same file share them.  Where the unread ones cannot be had, `notice` says
// why, and device_cold becomes unknown.  A table that cannot be read gets no reads: its variant will say so.
void TakeColdReads(std::span<ColdCheck* const> checks, int64_t gap_ns, uint64_t seed, std::string& notice);

}  // namespace plelab
