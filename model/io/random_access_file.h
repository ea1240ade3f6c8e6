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

// Cumulative counts, failed reads included.  A direct read moves whole aligned blocks, so bytes_moved ≥
// bytes_asked.  pread and mmap copy from the page cache and count the bytes copied; what the kernel reads
// ahead on its own is not counted.
struct IoCounters {
  int64_t read_calls = 0;  // calls of Read
  int64_t bytes_asked = 0;
  int64_t bytes_moved = 0;
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` with the bytes from `offset` on.  Thread-safe.
  // Throws ReadError when the file ends early, shrank since it was opened, or cannot be read.
  virtual void Read(int64_t offset, std::span<std::byte> out) = 0;
  virtual int64_t size_bytes() const = 0;  // when the file was opened
  virtual const std::string& path() const = 0;
  virtual IoCounters counters() const = 0;
};

// Throws UserError when the file cannot be opened, for kDirect also when its file system refuses O_DIRECT.
std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, IoBackend backend);

// IoCounters that several reading threads add to.
class AtomicIoCounters {
 public:
  // Counts one read that requested `asked` bytes and moved `moved`.
  void Add(int64_t asked, int64_t moved) {
    read_calls_.fetch_add(1, std::memory_order_relaxed);
    bytes_asked_.fetch_add(asked, std::memory_order_relaxed);
    bytes_moved_.fetch_add(moved, std::memory_order_relaxed);
  }
  IoCounters Load() const {
    return {read_calls_.load(std::memory_order_relaxed), bytes_asked_.load(std::memory_order_relaxed),
            bytes_moved_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<int64_t> read_calls_ = 0;
  std::atomic<int64_t> bytes_asked_ = 0;
  std::atomic<int64_t> bytes_moved_ = 0;
};

// Reads with pread, which copies from the kernel's page cache.
class PreadFile : public RandomAccessFile {
 public:
  explicit PreadFile(const std::string& path) : file_(path, ReadAhead::kOn) {}

  void Read(int64_t offset, std::span<std::byte> out) override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  FileDescriptor file_;
  AtomicIoCounters counters_;
};

}  // namespace plelab
