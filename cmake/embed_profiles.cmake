# Writes a .cpp that holds the text of each configs/devices/NAME.yaml, so that a static program needs no files.
# Configuring runs again where one of them changes, comes or goes.
file(GLOB profile_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/devices/*.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile_files})
set(PLELAB_PROFILES "")
foreach(profile_file ${profile_files})
  get_filename_component(profile_name ${profile_file} NAME_WE)
  file(READ ${profile_file} profile_text)
  string(APPEND PLELAB_PROFILES "    {\"${profile_name}\", R\"yaml(${profile_text})yaml\"},\n")
endforeach()
set(PLELAB_EMBEDDED_PROFILES ${PROJECT_BINARY_DIR}/embedded_profiles.cpp)
file(CONFIGURE OUTPUT ${PLELAB_EMBEDDED_PROFILES} @ONLY CONTENT [[
#include "model/devices/embedded_profiles.h"

namespace plelab {
namespace {

constexpr EmbeddedProfile kProfiles[] = {
@PLELAB_PROFILES@};

}  // namespace

std::span<const EmbeddedProfile> EmbeddedProfiles() { return kProfiles; }

}  // namespace plelab
]])
