// Reads with O_DIRECT: whole aligned blocks from the device, bypassing the page cache.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

// Reads may have any offset and size: blocks are read into an aligned bounce buffer, from which the requested
// part is copied.
class DirectFile : public RandomAccessFile {
 public:
  // alignment_bytes: as DirectAlignment; 0 is the least.
  explicit DirectFile(const std::string& path, int64_t alignment_bytes = 0);
  ~DirectFile() override;

  void Read(int64_t offset, std::span<std::byte> out) override;
  bool bypasses_page_cache() const override { return true; }
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }
  // Of offsets, sizes and buffers.
  int64_t alignment_bytes() const { return alignment_; }

 private:
  class BounceBuffer;
  struct Progress;
  std::unique_ptr<BounceBuffer> TakeBuffer();
  void ReturnBuffer(std::unique_ptr<BounceBuffer> buffer);
  Progress ReadThrough(BounceBuffer& buffer, int64_t offset, std::span<std::byte> out) const;

  FileDescriptor file_;
  int64_t alignment_;
  AtomicIoCounters counters_;
  std::mutex mutex_;
  // As many as threads have ever read at the same time.  Guarded by mutex_.
  std::vector<std::unique_ptr<BounceBuffer>> free_buffers_;
};

}  // namespace plelab
