// The configs/devices/NAME.yaml of the source tree, as they were when this program was built.
#pragma once

#include <span>
#include <string_view>

namespace plelab {

struct EmbeddedProfile {
  std::string_view name;  // "nvme", "sd", …
  std::string_view yaml;
};

// By name.  cmake/embed_profiles.cmake writes the definition.
std::span<const EmbeddedProfile> EmbeddedProfiles();

}  // namespace plelab
