// A file of random bytes that reads are timed on; gone when it goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/machine/page_cache.h"
#include "model/io/random_access_file.h"

namespace plelab {

class ScratchFile {
 public:
  // Writes FOLDER/plelab_scratch.bin, in place of what a killed run left there, synced and out of the page
  // cache.  Random bytes: storage may store zeros, or what repeats, without storing it.  Throws UserError
  // where the folder cannot be made or has no room, RunError when writing fails.
  ScratchFile(const std::string& folder, int64_t bytes, uint64_t seed);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return range_.path; }
  RandomAccessFile& file() const { return *file_; }
  // Whether reads pass by the page cache (O_DIRECT); else Evict before each one that must reach the device.
  bool direct() const { return direct_; }
  void Evict() const { EvictFromPageCache(range_); }
  int64_t cached_bytes() const { return CachedBytes(range_); }

 private:
  void Write(uint64_t seed) const;
  void Open();
  FileRange range_;
  bool direct_ = true;
  std::unique_ptr<RandomAccessFile> file_;
};

}  // namespace plelab
