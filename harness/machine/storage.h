// What a file lies on.
#pragma once

#include <string>

namespace plelab {

struct StorageDescription {
  std::string device =
      "unknown";  // "vda (virtio …), not rotational", or the mount's source where there is no device
  std::string filesystem = "unknown";  // "ext4, rw,relatime"
  std::string scheduler = "unknown";   // of the device's queue: "none"
  std::string read_ahead = "unknown";  // "128 KiB"
};

// `path` may be a file or a folder, or not be there yet: then the nearest folder above it counts.
StorageDescription DescribeStorage(const std::string& path);

}  // namespace plelab
