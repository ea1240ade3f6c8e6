// A file that is there as a whole or not at all, whatever the disk or the process does meanwhile.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plelab {

// Names of files that are being written end in this; one that stays behind was left by a kill.
inline constexpr const char* kTemporarySuffix = ".tmp";

// Writes `bytes` to a temporary neighbour of `path`, syncs it, renames it to `path`, syncs the folder (which
// is made where it is not there).  Throws RunError "path: … : No space left on device"; an earlier file at
// `path` then stays as it was and the temporary one is removed.
void WriteFileAtomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace plelab
