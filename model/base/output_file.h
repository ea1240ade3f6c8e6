// A file that gets its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

class OutputFile {
 public:
  // Writes to `path` + ".partial".  Throws RunError when it cannot be made.
  explicit OutputFile(std::string path);
  // Removes what was not committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Thread-safe.  Throws RunError naming file and offset (a full disk).
  void Write(int64_t offset, std::span<const std::byte> bytes);
  // Flushes to the device and renames.  Throws RunError.
  void Commit();

 private:
  std::string path_, partial_;
  int fd_ = -1;
};

// All at once, committed.
void WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace plelab
