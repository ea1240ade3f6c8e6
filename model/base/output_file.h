// Files that appear complete or not at all, even when the disk fills up or the process is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// The suffix of WriteWholeFile's temporary files.  One that stays behind was left by a process that was
// killed.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Bytes are written to a temporary file in the same folder, which Commit renames to `path`.  Until then an
// earlier file at `path` stays unchanged.
class OutputFile {
 public:
  // Creates `path` + `suffix`, replacing one that a killed process may have left.  Throws RunError when the
  // file cannot be created.
  explicit OutputFile(std::string path, std::string_view suffix = ".partial");
  // Removes the temporary file unless it was committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Thread-safe.  Throws RunError naming the file, the offset and the reason (a full disk, for example).
  void Write(int64_t offset, std::span<const std::byte> bytes);
  // Syncs the file, renames it to `path` and syncs the folder.  Throws RunError when one of these fails.
  void Commit();

 private:
  [[noreturn]] void Fail(std::string_view what) const;

  std::string path_, temporary_;
  int fd_ = -1;
  bool committed_ = false;
};

// Writes and commits a file in one call.  A missing folder is created.  When two processes write the same
// path, the file is that of one of them.
void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes);
void WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace plelab
