// Images and audio of tests/data/media, and files made from damaged ones.  Recipe:
// scripts/reference/make_feature_goldens.py.
#pragma once

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab::testing {

inline std::string MediaPath(const std::string& name) {
  std::string path = PLELAB_SOURCE_DIR "/tests/data/media/";
  path += name;
  return path;
}

// The published preprocessor_config.json.
inline nlohmann::json PublishedProcessor() {
  return nlohmann::json::parse(
      ReadText(PLELAB_SOURCE_DIR "/tests/data/published_e2b/preprocessor_config.json"));
}

// The names of the media with one of these endings, sorted.
inline std::vector<std::string> MediaNames(const std::vector<std::string>& endings) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(MediaPath(""))) {
    const std::string ending = entry.path().extension().string();
    if (std::find(endings.begin(), endings.end(), ending) != endings.end()) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The text of the UserError that `action` throws, or "no error".  Other exceptions pass through.
template <class F>
std::string ErrorOf(F action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

// Writes `text` to a file in `folder`, which must live as long as the file is used.
inline std::string WriteMedia(const TemporaryFolder& folder, const std::string& name,
                              const std::string& bytes) {
  WriteText(folder / name, bytes);
  return folder / name;
}

}  // namespace plelab::testing
