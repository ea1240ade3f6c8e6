#include "experiments/replay/device_seam.h"

#include "model/base/error.h"

namespace plelab {

FileOpener OpenerForDevice(const std::string& profile) {
  if (profile.empty()) return OpenRandomAccessFile;
  throw UserError(
      "--device {}: this build has no device profiles yet; leave it out to measure this machine's "
      "storage",
      profile);
}

}  // namespace plelab
