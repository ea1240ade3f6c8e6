// What a storage device is to whoever reads small pieces of a file: latencies, IOPS, bandwidth.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/devices/latency_distribution.h"

namespace plelab {

struct DeviceProfile {
  // The size of the reads that read_latency and iops are of.
  static constexpr int64_t kReadBytes = 4096;

  std::string name;     // "nvme"
  std::string device;   // a line of what it is
  std::string stated;   // what is published or measured, and where
  std::string assumed;  // what is not
  // Of one random read of kReadBytes while no other is under way, its transfer included.
  LatencyDistribution read_latency;
  // Random reads of kReadBytes per second with as many under way as the device can use.
  double iops = 0;
  double bandwidth_bytes_per_s = 0;  // of large reads, shared by all that are under way
  // So many reads are served at the same time.  They are busy for the part of the latency that makes them
  // give `iops`; the rest (command, controller) overlaps with other reads.  parallel_units ≤ iops × mean
  // latency, since fewer reads than that are not under way at saturation (Little's law).
  int64_t parallel_units = 1;
  // A limit of the kernel (blkio.throttle, io.max) in front of the device; 0: none.  Within each slice of
  // time so many reads pass at once as the slice allows, the next ones wait for the next slice.
  double limit_iops = 0;
  double limit_slice_ms = 0;

  // The part of a read's latency during which it keeps one of parallel_units busy, 0 to 1.
  double busy_share() const;
};

// The names of the profiles that are built into this program, from configs/devices/, in their order.
std::vector<std::string> DeviceProfileNames();
// The profile of that name, or the file, where it has a '/' or ends in ".yaml".  Throws UserError for an
// unknown name, and for a file that is not a profile, with `file:line:column`.
DeviceProfile DeviceProfileNamed(const std::string& name_or_path);
// Reads a profile (configs/devices/README.md).  origin: what errors call the text.
DeviceProfile ParseDeviceProfile(std::string_view text, const std::string& origin);
// The text that ParseDeviceProfile reads back to the same profile.
std::string DeviceProfileText(const DeviceProfile& profile);

}  // namespace plelab
