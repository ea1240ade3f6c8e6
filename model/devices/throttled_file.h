// A file that answers as late as a device of a profile would.
#pragma once

#include <cstdint>
#include <memory>

#include "model/devices/device_clock.h"
#include "model/devices/device_profile.h"
#include "model/io/random_access_file.h"

namespace plelab {

// Bytes come from `file`, times from a DeviceQueue: when reads are submitted it is decided when each is done,
// and a wait for one returns then, or later where the real read takes longer.  The real read is part of the
// modelled time as long as it is the shorter one: best where the file is in the page cache.
//
// Reads go on while the caller computes (reads_by_itself), as many under way as were submitted, as with
// io_uring.  seed: which latencies are drawn.  clock must outlive the file.
std::unique_ptr<RandomAccessFile> Throttled(std::unique_ptr<RandomAccessFile> file,
                                            const DeviceProfile& profile, uint64_t seed,
                                            DeviceClock& clock = SteadyDeviceClock());

}  // namespace plelab
