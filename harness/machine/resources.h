// How much memory and disk a run may still take.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

// Bytes that this process may still take: MemAvailable, and the limits of its memory cgroups.
int64_t AvailableMemoryBytes();
// Free bytes of the file system that holds `path` (or its nearest folder that exists).
int64_t FreeDiskBytes(const std::string& path);

}  // namespace plelab
