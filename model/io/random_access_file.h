// Counted reads at offsets.  Every byte of a PLE table that comes from storage is read through this
// interface.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/file_descriptor.h"

namespace plelab {

enum class IoBackend { kPread, kDirect, kMmap, kUring };

std::string_view Name(IoBackend backend);  // "pread", "direct", "mmap", "io_uring"

// What the kernel is told about the order of reads.  It changes what the kernel reads beside the bytes asked
// for, never the bytes returned.
enum class IoAdvice {
  kNormal,  // nothing: the kernel reads ahead as it does for any program
  kRandom   // no read-ahead: POSIX_FADV_RANDOM for pread, MADV_RANDOM for mmap
};

// Cumulative counts, failed reads included.  How many bytes the device moved for them is not known here: the
// kernel reads ahead, and answers from the page cache.
struct IoCounters {
  int64_t read_calls = 0;   // reads issued: calls of Read, and ranges of Submit
  int64_t bytes_asked = 0;  // without the blocks around them that direct reads need
};

// The bytes [offset_bytes, offset_bytes + size_bytes) of a file.
struct ReadRange {
  int64_t offset_bytes = 0;
  int64_t size_bytes = 0;
};

// Reads that were submitted together, and the memory that they fill.
class Completion {
 public:
  // Reads that have not begun never do; those under way are waited for, because they write into this memory.
  virtual ~Completion() = default;
  // Blocks until range `index` is there and returns its bytes, which stay valid as long as this lives.
  // Ranges may be waited for in any order, each as often as you like, and by several threads.
  // Throws ReadError, at every call for the same range, when the file ended early or could not be read.
  virtual std::span<const std::byte> Wait(size_t index) = 0;
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` with the bytes from `offset` on.  Thread-safe.
  // Throws ReadError when the file ends early, shrank since it was opened, or cannot be read.
  virtual void Read(int64_t offset, std::span<std::byte> out) = 0;
  // Starts to read ranges, each of at least one byte, in this order, and returns at once.  The completion
  // must not outlive the file.  Thread-safe.
  // Where the file does not read by itself, each range is read when it is first waited for.
  virtual std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges);
  // True when submitted reads go on without a thread of this process.
  virtual bool reads_by_itself() const { return false; }
  // Unmaps the pages that reads have mapped, which the kernel would refuse to evict from the page cache. They
  // stay in the page cache.  Reads never do this themselves: call it outside of timed regions.
  virtual void ReleasePages() {}
  // Called when rows that were read are no longer used, at the end of a request: a file with a budget of
  // mapped pages unmaps them when half of the budget may be in use, so that it seldom must in the middle of
  // reads.
  virtual void Trim() {}
  // True when reads neither find nor leave anything in the page cache.
  virtual bool bypasses_page_cache() const { return false; }
  virtual int64_t size_bytes() const = 0;  // when the file was opened
  virtual const std::string& path() const = 0;
  virtual IoCounters counters() const = 0;
};

// How io_uring reads.
struct UringOptions {
  int64_t queue_depth = 64;  // reads in flight at the same time, 1 to 4096
  // kInterrupt: the device says when a read has ended.  kIo: the kernel asks the device again and again, in
  // the thread that waits (IORING_SETUP_IOPOLL).  kSubmission: a thread of the kernel takes reads from the
  // queue without a system call (IORING_SETUP_SQPOLL).
  enum class Polling { kInterrupt, kIo, kSubmission };
  Polling polling = Polling::kInterrupt;
  // The memory that reads fill is made known to the kernel once, not at each read.
  bool registered = true;
};

struct IoOptions {
  IoBackend backend = IoBackend::kPread;
  IoAdvice advice = IoAdvice::kNormal;  // of pread and mmap; direct reads pass by the page cache
  int64_t mapped_bytes = 0;             // of mmap: the most that may be mapped at a time; 0: no limit
  int64_t alignment_bytes = 0;  // of direct and io_uring: 512, 4096, …; 0: the least that the device allows
  UringOptions uring = {};      // of io_uring
};

// Throws UserError when the file cannot be opened; for kDirect and kUring also when its file system refuses
// O_DIRECT or its device the alignment, and for kUring when io_uring is forbidden here or the device does not
// allow the polling.
std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, const IoOptions& options);

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
