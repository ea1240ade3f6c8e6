// Counted reads at offsets.  Every byte of a PLE table that comes from storage is read through this
// interface.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "model/base/file_descriptor.h"

namespace plelab {

enum class IoBackend { kPread, kDirect, kMmap };

// What the kernel is told about the order of reads.  It changes what the kernel reads beside the bytes asked
// for, never the bytes returned.
enum class IoAdvice {
  kNormal,  // nothing: the kernel reads ahead as it does for any program
  kRandom   // no read-ahead: POSIX_FADV_RANDOM for pread, MADV_RANDOM for mmap
};

// Cumulative counts, failed reads included.  How many bytes the device moved for them is not known here: the
// kernel reads ahead, and answers from the page cache.
struct IoCounters {
  int64_t read_calls = 0;  // calls of Read
  int64_t bytes_asked = 0;
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` with the bytes from `offset` on.  Thread-safe.
  // Throws ReadError when the file ends early, shrank since it was opened, or cannot be read.
  virtual void Read(int64_t offset, std::span<std::byte> out) = 0;
  // Unmaps the pages that reads have mapped, which the kernel would refuse to evict from the page cache. They
  // stay in the page cache.  Reads never do this themselves: call it outside of timed regions.
  virtual void ReleasePages() {}
  // True when reads neither find nor leave anything in the page cache.
  virtual bool bypasses_page_cache() const { return false; }
  virtual int64_t size_bytes() const = 0;  // when the file was opened
  virtual const std::string& path() const = 0;
  virtual IoCounters counters() const = 0;
};

// Direct reads pass by the page cache, so kDirect has no use for advice.
// Throws UserError when the file cannot be opened, for kDirect also when its file system refuses O_DIRECT.
std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, IoBackend backend,
                                                       IoAdvice advice = IoAdvice::kNormal);

// IoCounters that several reading threads add to.
class AtomicIoCounters {
 public:
  // Counts one read that requested `asked` bytes.
  void Add(int64_t asked) {
    read_calls_.fetch_add(1, std::memory_order_relaxed);
    bytes_asked_.fetch_add(asked, std::memory_order_relaxed);
  }
  IoCounters Load() const {
    return {read_calls_.load(std::memory_order_relaxed), bytes_asked_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<int64_t> read_calls_ = 0;
  std::atomic<int64_t> bytes_asked_ = 0;
};

// Reads with pread, which copies from the kernel's page cache.
class PreadFile : public RandomAccessFile {
 public:
  PreadFile(const std::string& path, IoAdvice advice)
      : file_(path, advice == IoAdvice::kRandom ? ReadAhead::kOff : ReadAhead::kOn) {}

  void Read(int64_t offset, std::span<std::byte> out) override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  FileDescriptor file_;
  AtomicIoCounters counters_;
};

}  // namespace plelab
