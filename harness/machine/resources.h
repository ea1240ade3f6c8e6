// How much memory and disk space is still available to a run.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

// Bytes that this process may still use, limited by MemAvailable and by its memory cgroups.
int64_t AvailableMemoryBytes();
// Free bytes in the file system of `path` (or of its nearest existing folder).
int64_t FreeDiskBytes(const std::string& path);

}  // namespace plelab
