// The files of a folder that is of use only when all of them are there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// Removes the files that were written, unless Keep is called: after an interruption or on a full disk, half a
// checkpoint is of no use.  Files that it replaced were there before and stay.
class NewFiles {
 public:
  explicit NewFiles(const std::string& folder)
      : folder_(folder), folder_is_new_(!std::filesystem::exists(folder)) {}
  ~NewFiles() {
    if (kept_) return;
    std::error_code ignored;
    for (const std::string& path : new_paths_) std::filesystem::remove(path, ignored);
    // Fails where somebody else has put something there.
    if (folder_is_new_) std::filesystem::remove(folder_, ignored);
  }
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  // Calls write(path of the file of this name), which leaves the whole file there or throws.
  template <class F>
  void Make(std::string_view name, F write) {
    const std::string path = folder_ + "/" + std::string(name);
    const bool is_new = !std::filesystem::exists(path);
    write(path);
    if (is_new) new_paths_.push_back(path);
  }
  void Keep() { kept_ = true; }

 private:
  std::string folder_;
  bool folder_is_new_, kept_ = false;
  std::vector<std::string> new_paths_;
};

}  // namespace plelab
