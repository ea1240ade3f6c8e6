// Where a replay is slowed down to another storage device.
#pragma once

#include <string>

#include "model/ple/ple_table.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

// How the table's file is opened: as it is, or with reads that are answered as late as the device of a
// profile would (model/devices/throttled_file.h).  profile: a name or a file; empty: as it is.  seed: which
// latencies are drawn.  Throws UserError for an unknown profile.
FileOpener OpenerForDevice(const std::string& profile, int64_t seed);

// With a modelled device the real read is part of the modelled time, as long as it is the shorter one.  So
// the table is read into the page cache once where it takes at most half of the memory that is available.
// Returns false where it does not: then the real storage must be faster than the modelled one.
bool KeepInPageCache(const PleTable& table, int64_t available_bytes);

}  // namespace plelab
