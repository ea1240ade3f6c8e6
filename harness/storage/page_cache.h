// The page cache of one byte range of a file: puts it into a known state and verifies that state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

struct FileRange {
  std::string path;
  int64_t offset_bytes = 0;
  int64_t size_bytes = 0;
};

// Bytes of the range that the page cache holds, by mincore.  Throws RunError, also for a file that we neither
// own nor may write, because the kernel then reports every page as cached.
int64_t CachedBytes(const FileRange& range);
// Writes the file's dirty pages back (once for each time that it was written to), then drops the whole pages
// of the range (posix_fadvise DONTNEED).  Pages that a process has mapped remain: check with CachedBytes.
// Throws RunError.
void EvictFromPageCache(const FileRange& range);
// Reads the range once, so that it is cached.  Throws RunError.
void WarmPageCache(const FileRange& range);
// The times in ns of `count` reads of `bytes` each with O_DIRECT, at random multiples of `bytes` in the
// range. Caches below this system may answer them.  Empty when the file system refuses direct reads, or when
// no such read fits.  Throws RunError.
std::vector<double> DirectReadsNs(const FileRange& range, int64_t bytes, int64_t count, uint64_t seed);

}  // namespace plelab
