// A file that is there as a whole or not at all, whatever the disk or the process does meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// WriteWholeFile's temporary files end in this; one that stays behind was left by a kill.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Bytes go to a temporary neighbour, which gets its name when it is complete.  Until then an earlier file of
// that name stays as it was.
class OutputFile {
 public:
  // Makes `path` + `suffix`, over what a kill may have left there.  Throws RunError when it cannot be made.
  explicit OutputFile(std::string path, std::string_view suffix = ".partial");
  // Removes what was not committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Thread-safe.  Throws RunError naming file, offset and reason (a full disk).
  void Write(int64_t offset, std::span<const std::byte> bytes);
  // Syncs the file, renames it and syncs the folder.  Throws RunError.
  void Commit();

 private:
  [[noreturn]] void Fail(std::string_view what) const;

  std::string path_, temporary_;
  int fd_ = -1;
  bool committed_ = false;
};

// All at once, committed.  A missing folder is made; two processes may write the same path: one of them wins.
void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes);
void WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace plelab
