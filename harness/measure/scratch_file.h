// A file of random bytes on which reads are timed.  The destructor removes it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/storage/page_cache.h"
#include "model/io/random_access_file.h"

namespace plelab {

class ScratchFile {
 public:
  // Writes FOLDER/plelab_scratch.bin, replacing one that a killed run left, syncs it and evicts it from the
  // page cache.  The bytes are random, because storage may compress zeros and repetitions away.  Throws
  // UserError when the folder cannot be created or has too little space, RunError when writing fails.
  ScratchFile(const std::string& folder, int64_t bytes, uint64_t seed);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return range_.path; }
  RandomAccessFile& file() const { return *file_; }
  // True when reads bypass the page cache (O_DIRECT).  Otherwise call Evict before each read that must reach
  // the device.
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
