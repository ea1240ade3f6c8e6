#include "harness/machine/storage.h"

#include <filesystem>

#include "harness/machine/mounts.h"
#include "harness/record/record.h"
#include "harness/support/system_files.h"
#include "model/base/format.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

// The part of the path that exists, with links resolved.
fs::path Existing(const std::string& path) {
  std::error_code error;
  fs::path existing = fs::weakly_canonical(fs::absolute(path, error), error);
  while (!fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  return existing;
}

// The device's folder in /sys: /sys/dev/block/254:1 → …/block/vda/vda1.  Empty for a file system without a
// device.
fs::path DeviceFolder(const std::string& major_minor) {
  std::error_code error;
  const fs::path folder = fs::canonical("/sys/dev/block/" + major_minor, error);
  return error ? fs::path() : folder;
}

// The folder of the disk, because a partition has no queue of its own.
fs::path DiskFolder(const fs::path& device) {
  return fs::exists(device / "partition") ? device.parent_path() : device;
}

constexpr char kReadAheadFile[] = "queue/read_ahead_kb";

std::string DescribeDevice(const fs::path& device, const fs::path& disk) {
  std::string text = device.filename();
  std::error_code error;
  const fs::path driver = fs::read_symlink(disk / "device/driver", error).filename();
  const std::string model = ReadSystemFile(disk / "device/model");
  if (!model.empty()) text += ", " + model;
  if (!driver.empty()) text += ", " + driver.string();
  const auto rotational = ReadSystemNumber(disk / "queue/rotational");
  if (rotational) text += *rotational == 0 ? ", not rotational" : ", rotational";
  if (const auto sectors = ReadSystemNumber(disk / "size")) text += Format(", {} bytes", *sectors * 512);
  return text;
}

}  // namespace

StorageDescription DescribeStorage(const std::string& path) {
  StorageDescription storage;
  const std::vector<Mount> mounts = ReadMounts();
  const Mount* mount = MountOf(mounts, Existing(path).string());
  if (mount == nullptr) return storage;
  storage.filesystem = mount->type + ", " + mount->options;
  const fs::path device = DeviceFolder(mount->device);
  if (device.empty()) {
    storage.device = mount->source + ", no device of its own";
    return storage;
  }
  const fs::path disk = DiskFolder(device);
  storage.device = DescribeDevice(device, disk);
  const std::string scheduler = ChosenOf(ReadSystemFile(disk / "queue/scheduler"));
  if (!scheduler.empty()) storage.scheduler = scheduler;
  if (const auto kib = ReadSystemNumber(disk / kReadAheadFile)) storage.read_ahead = Format("{} KiB", *kib);
  return storage;
}

double ReadAheadBytes(const std::string& path) {
  const std::vector<Mount> mounts = ReadMounts();
  const Mount* mount = MountOf(mounts, Existing(path).string());
  const fs::path device = mount == nullptr ? fs::path() : DeviceFolder(mount->device);
  if (device.empty()) return kNotMeasured;
  const auto kib = ReadSystemNumber(DiskFolder(device) / kReadAheadFile);
  return kib ? static_cast<double>(*kib) * 1024 : kNotMeasured;
}

}  // namespace plelab
