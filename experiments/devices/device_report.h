// What `plelab-device` prints: profiles, a modelled device against its own figures, the profile of a real
// disk.
#pragma once

#include <string>
#include <vector>

#include "model/devices/device_profile.h"

namespace plelab {

// The profiles, one line each, with their main figures.
std::string ListProfiles(const std::vector<DeviceProfile>& profiles);

// One figure of a profile, and what reads through a throttled file took.
struct CheckedFigure {
  std::string name, unit;
  double stated = 0, measured = 0;
};
// Reads through a throttled file with this machine's clock: one by one for the latencies, many together for
// IOPS and bandwidth.  Takes `seconds` or a little more.
std::vector<CheckedFigure> CheckModel(const DeviceProfile& profile, double seconds);
std::string CheckTable(const DeviceProfile& profile, const std::vector<CheckedFigure>& figures);

// Measures the device that holds the file `path`, past the page cache and with io_uring.  Throws UserError
// where that is not possible here.
DeviceProfile MeasureDevice(const std::string& path, const std::string& name);

}  // namespace plelab
