// Describes the storage that a file lies on.
#pragma once

#include <string>

namespace plelab {

struct StorageDescription {
  // "vda (virtio …), not rotational", or the source of the mount when there is no device.
  std::string device = "unknown";
  std::string filesystem = "unknown";  // "ext4, rw,relatime"
  std::string scheduler = "unknown";   // of the device's queue: "none"
  std::string read_ahead = "unknown";  // "128 KiB"
};

// `path` may be a file or a folder.  If it does not exist yet, the nearest existing folder above it counts.
StorageDescription DescribeStorage(const std::string& path);
// How far the kernel reads ahead on the disk that holds `path`, as it is set now (queue/read_ahead_kb).  NaN
// for a file system without a disk.
double ReadAheadBytes(const std::string& path);

// The folder in /sys of the disk that a file lies on: /sys/devices/…/block/vda, also for a partition of it,
// because partitions share the disk's queue.  Empty where there is no device (overlay, tmpfs, NFS).
std::string DiskFolderOf(const std::string& path);
// The same for a device "major:minor" in the tree `sys`.
std::string DiskFolderOfDevice(const std::string& major_minor, const std::string& sys = "/sys");

}  // namespace plelab
