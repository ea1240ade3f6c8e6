// O_DIRECT: reads whole aligned blocks from the device, past the page cache.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

// Any offset and size may be asked: blocks land in an aligned bounce buffer and the asked part is copied out.
class DirectFile : public RandomAccessFile {
 public:
  explicit DirectFile(const std::string& path);
  ~DirectFile() override;

  void Read(int64_t offset, std::span<std::byte> out) override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }
  // What offsets, sizes and buffers are rounded to: as statx says, else 4096.
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
  std::vector<std::unique_ptr<BounceBuffer>>
      free_buffers_;  // as many as threads ever read at once; under mutex_
};

}  // namespace plelab
