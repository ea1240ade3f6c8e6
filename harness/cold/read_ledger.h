// Which places of a reference file were read: the text of the file PATH.used beside it.
//
//   plelab unread 1
//   bytes 4294967296                 of the reference file
//   changed 1764331234.567890123     when it was last written to, in seconds
//   boot b8a08b39-0adb-…             the boot in which it was written
//   place 65536                      bytes; place N begins at N · 65536
//   used 17                          a place that was read, or that may have been
//   used 23-31
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

inline constexpr int64_t kPlaceBytes = 64 * 1024;

struct ReadLedger {
  int64_t file_bytes = 0;
  std::string changed;     // seconds with nine digits behind the point
  std::string boot;        // /proc/sys/kernel/random/boot_id
  std::vector<bool> used;  // by place: file_bytes / kPlaceBytes of them
};

// The scripts/cold_reference.sh writes a ledger without `used`.  Throws UserError naming `path` and the line
// for any other text: what is damaged no longer says what was read.
ReadLedger ParseReadLedger(const std::string& text, const std::string& path);
std::string PrintReadLedger(const ReadLedger& ledger);

}  // namespace plelab
