// A large file of which no byte is read twice: what a read costs that nothing can have cached because of us.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/cold/read_ledger.h"

namespace plelab {

// Smaller files fit into caches whole.
inline constexpr int64_t kLeastUnreadBytes = int64_t{4} << 30;

// scripts/cold_reference.sh writes such a file, and beside it the ledger PATH.used, in which places are
// marked as used before they are read, so that a killed run cannot make a later one read them again.  What
// the page cache holds counts as read, whoever read it.
class UnreadFile {
 public:
  // Throws UserError where the file is missing, smaller than `least_bytes` or partly without blocks on its
  // device, where its ledger is missing or damaged, and where the file was written to since its ledger was
  // made.
  explicit UnreadFile(std::string path, int64_t least_bytes = kLeastUnreadBytes);

  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }
  // The device of its file system, as in struct stat.
  uint64_t device() const { return device_; }
  // True when it was written since the system started: what was written last may still be held below.
  bool written_in_this_boot() const;
  static std::string LedgerPath(const std::string& path) { return path + ".used"; }
  // The bytes that a window of `bytes` takes of the file: whole places.
  static int64_t WindowBytes(int64_t bytes);

  // How many windows of `bytes` are left in which nothing was read.  Throws as the constructor.
  int64_t Left(int64_t bytes) const;
  // Marks up to `count` windows of `bytes` as used, in a random order, and returns their offsets, which are
  // multiples of kPlaceBytes and never 0: what follows the start of a file is read ahead.  Fewer where fewer
  // are left.  The ledger is on the disk when this returns.  Several processes may take at the same time.
  // Throws as the constructor, and RunError where the ledger cannot be locked or written.
  std::vector<int64_t> Take(int64_t count, int64_t bytes, uint64_t seed);
  // "4294967296 bytes, written at 1764331234.567890123 in this boot, 64 of 65535 places read before".
  std::string Describe() const;

 private:
  // The ledger as it is now, with what the page cache holds marked as used.
  ReadLedger Load() const;
  std::string path_;
  int64_t size_bytes_ = 0;
  uint64_t device_ = 0;
  std::string changed_;
};

}  // namespace plelab
