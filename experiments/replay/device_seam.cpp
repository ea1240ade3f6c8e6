#include "experiments/replay/device_seam.h"

#include "harness/storage/page_cache.h"
#include "model/devices/device_profile.h"
#include "model/devices/throttled_file.h"

namespace plelab {

FileOpener OpenerForDevice(const std::string& profile, int64_t seed) {
  if (profile.empty()) return OpenRandomAccessFile;
  return [profile = DeviceProfileNamed(profile), seed](const std::string& path, const IoOptions& options) {
    return Throttled(OpenRandomAccessFile(path, options), profile, static_cast<uint64_t>(seed));
  };
}

bool KeepInPageCache(const PleTable& table, int64_t available_bytes) {
  if (table.stored_bytes() > available_bytes / 2) return false;
  WarmPageCache({table.path, table.offset_bytes, table.stored_bytes()});
  return true;
}

}  // namespace plelab
