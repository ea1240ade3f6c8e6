// Files that appear complete or not at all, even when the disk fills up or the process is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// The suffix of temporary files.  One that stays behind was left by a process that was killed, on a file
// system that has no files without a name.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Bytes are written to a temporary file in the same folder, which Commit renames to `path`.  Until then an
// earlier file at `path` stays unchanged.  Every OutputFile has a temporary file of its own: of several
// writers of one path, the last to commit wins, and what it wrote is whole.
class OutputFile {
 public:
  // The temporary file has no name until it is committed (O_TMPFILE), so that a killed process leaves
  // nothing; where the file system knows no such files it is `path`.PID-N.tmp.  Throws RunError when it
  // cannot be created.
  explicit OutputFile(std::string path);
  // Removes the temporary file unless it was committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Thread-safe.  Throws RunError naming the file, the offset and the reason (a full disk, for example).
  void Write(int64_t offset, std::span<const std::byte> bytes);
  // Syncs the file, renames it to `path` and syncs the folder.  Throws RunError when one of these fails.
  void Commit();

 private:
  void CreateNamed();
  void GiveName();
  [[noreturn]] void Fail(std::string_view what) const;

  std::string path_;
  std::string temporary_;  // empty while the file has no name
  int fd_ = -1;
};

// An exclusive lock on a file that exists, held until destruction or the end of the process.  It binds only
// those who lock the same file.
class FileLock {
 public:
  // Returns nothing while another FileLock, of any process, holds the file.  Where the file system has no
  // locks the returned object excludes nobody.  Throws RunError when the file cannot be opened.
  static std::optional<FileLock> Try(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

// Makes a rename to `path` durable.  Throws RunError when its folder cannot be synced; file systems that know
// no such thing order the rename themselves.
void SyncFolderOf(const std::string& path);

// Writes and commits a file in one call.  A missing folder is created.
void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes);
void WriteWholeFile(const std::string& path, std::string_view text);
// Writes the bytes of `from` to `to`, through memory.  Throws also UserError when `from` cannot be read.
void CopyWholeFile(const std::string& from, const std::string& to);

}  // namespace plelab
