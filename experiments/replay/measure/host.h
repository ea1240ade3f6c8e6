// What can be known of this machine without any library.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// The attributes of a replay's first line: program, git_commit, dirty_hash, compiler, cpu_model, cores,
// architecture, last_cache_bytes, memory, kernel, storage, filesystem, scheduler, read_ahead, started_at.
// What cannot be read is "unknown".  `path`: a file or folder on the storage that is measured.
std::vector<std::pair<std::string, std::string>> DescribeHost(const std::string& path);

// MemAvailable of /proc/meminfo; 0 where it cannot be read.
int64_t AvailableMemoryBytes();
// The largest cache of the first core, 32 MiB where the kernel does not say.
int64_t LastCacheBytes();
// Enough for the stand-in to read from memory and not from a cache: four times the largest cache, but no more
// than an eighth of the memory that is available, between 64 MiB and 1 GiB.
int64_t StandInBufferBytes(int64_t last_cache_bytes, int64_t available_bytes);

}  // namespace plelab
