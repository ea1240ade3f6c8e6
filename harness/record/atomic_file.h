// Writes files that exist either as a whole or not at all, whatever happens to the disk or the process
// meanwhile.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plelab {

// Suffix of files that are being written.  One that remains was left behind by a killed process.
inline constexpr const char* kTemporarySuffix = ".tmp";

// Writes `bytes` to a temporary file beside `path`, syncs it, renames it to `path`, and syncs the folder
// (which is created when missing).  Throws RunError "path: … : No space left on device"; an earlier file at
// `path` is then unchanged and the temporary one is removed.
void WriteFileAtomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace plelab
