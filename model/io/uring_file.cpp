#include "model/io/uring_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/io/direct_alignment.h"
#include "model/io/registered_memory.h"
#include "model/io/rounding.h"
#include "model/io/spare_memory.h"
#include "model/io/uring_queue.h"

namespace plelab {
namespace {

// Decode steps and short prompts fit.  Many systems let a user lock 8 MiB.
constexpr int64_t kRegisteredBytes = 4 * 1024 * 1024;

// Below this, memory of malloc is as good.
constexpr int64_t kLargeBytes = 1024 * 1024;
// As strict as any device that states an alignment here.
constexpr auto kPlainAlignment = static_cast<std::align_val_t>(RegisteredMemory::kPieceAlignment);

struct PlainDelete {
  void operator()(std::byte* data) const { ::operator delete(data, kPlainAlignment); }
};

// Memory for one batch: a piece of the registered memory where one is free, otherwise its own.
class BatchMemory {
 public:
  BatchMemory(RegisteredMemory* registered, SpareMemory& spare, int64_t size_bytes)
      : registered_(registered), spare_(spare) {
    if (registered_ != nullptr) data_ = registered_->Take(size_bytes);
    if (data_ != nullptr) return;
    registered_ = nullptr;
    if (size_bytes < kLargeBytes) {
      small_.reset(static_cast<std::byte*>(::operator new(size_bytes, kPlainAlignment)));
      data_ = small_.get();
    } else {
      large_ = spare_.Take(size_bytes);
      data_ = large_.data();
    }
  }
  ~BatchMemory() {
    if (registered_ != nullptr) {
      registered_->Return(data_);
    } else if (small_ == nullptr) {
      spare_.Return(std::move(large_));
    }
  }
  BatchMemory(const BatchMemory&) = delete;
  BatchMemory& operator=(const BatchMemory&) = delete;
  std::byte* data() const { return data_; }

 private:
  RegisteredMemory* registered_;  // nullptr when the memory is its own
  SpareMemory& spare_;
  std::unique_ptr<std::byte, PlainDelete> small_;
  AnonymousMemory large_;
  std::byte* data_ = nullptr;
};

// The block-aligned read that covers a range; for a range that no file holds, a read that has failed.  `to`
// is set later.
UringRead CoveringRead(const ReadRange& range, int64_t alignment) {
  UringRead read;
  if (!IsFileRange(range.offset_bytes, range.size_bytes + 2 * alignment)) {
    read.offset = range.offset_bytes;
    read.needed = 1;
    read.error = EOVERFLOW;
    read.is_done = true;
    return read;
  }
  read.offset = RoundDown(range.offset_bytes, alignment);
  read.needed = range.offset_bytes + range.size_bytes - read.offset;
  read.size = RoundUp(read.needed, alignment);
  return read;
}

class UringCompletion : public Completion {
 public:
  UringCompletion(const FileDescriptor& file, UringQueue& queue, RegisteredMemory* registered,
                  SpareMemory& spare, int64_t alignment, std::span<const ReadRange> ranges)
      : file_(file), queue_(queue), ranges_(ranges.begin(), ranges.end()) {
    int64_t total = 0;
    for (const ReadRange& range : ranges) {
      reads_.push_back(CoveringRead(range, alignment));
      total += reads_.back().size;
    }
    memory_ = std::make_unique<BatchMemory>(registered, spare, total);
    std::byte* to = memory_->data();
    for (UringRead& read : reads_) {
      read.to = to;
      to += read.size;
    }
    queue_.Submit(reads_);
  }
  ~UringCompletion() override { queue_.Drop(reads_); }

  std::span<const std::byte> Wait(size_t index) override {
    UringRead& read = reads_.at(index);
    queue_.Finish(read);
    const ReadRange& range = ranges_[index];
    const int64_t before = range.offset_bytes - read.offset;
    if (read.found >= read.needed) return {read.to + before, static_cast<size_t>(range.size_bytes)};
    throw file_.ShortRead(range.offset_bytes, range.size_bytes,
                          {std::max<int64_t>(read.found - before, 0), read.error});
  }

 private:
  const FileDescriptor& file_;
  UringQueue& queue_;
  std::vector<ReadRange> ranges_;
  std::vector<UringRead> reads_;  // [ranges]
  std::unique_ptr<BatchMemory> memory_;
};

class UringFile : public RandomAccessFile {
 public:
  UringFile(const std::string& path, const IoOptions& options, UringFault fault)
      : file_(path, ReadAhead::kOn, O_DIRECT),
        alignment_(DirectAlignment(file_, options.alignment_bytes)),
        registered_(options.uring.registered ? kRegisteredBytes : 0),
        queue_(file_, alignment_, options.uring, &registered_, std::move(fault)) {
    if (options.uring.polling == UringOptions::Polling::kIo) RequirePolling();
  }

  void Read(int64_t offset, std::span<std::byte> out) override {
    if (out.empty()) return counters_.Add(0);
    const ReadRange range{offset, std::ssize(out)};
    const auto bytes = Submit(std::span(&range, 1))->Wait(0);
    std::memcpy(out.data(), bytes.data(), bytes.size());
  }
  std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges) override {
    for (const ReadRange& range : ranges) counters_.Add(range.size_bytes);
    RegisteredMemory* memory = registered_.size_bytes() > 0 ? &registered_ : nullptr;
    return std::make_unique<UringCompletion>(file_, queue_, memory, spare_, alignment_, ranges);
  }
  bool reads_by_itself() const override { return true; }
  bool bypasses_page_cache() const override { return true; }
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  // A device that cannot be polled says so at the first read.
  void RequirePolling() {
    const ReadRange first{0, std::min<int64_t>(alignment_, size_bytes())};
    if (first.size_bytes == 0) return;
    try {
      UringCompletion(file_, queue_, nullptr, spare_, alignment_, std::span(&first, 1)).Wait(0);
    } catch (const ReadError& error) {
      throw UserError("{}: 'polling: iopoll' does not work on this device: {}", path(), error.what());
    }
  }

  FileDescriptor file_;
  int64_t alignment_;
  AtomicIoCounters counters_;
  RegisteredMemory registered_;
  SpareMemory spare_;
  UringQueue queue_;  // declared last: it knows the file and the memory
};

}  // namespace

std::unique_ptr<RandomAccessFile> OpenUringFile(const std::string& path, const IoOptions& options,
                                                UringFault fault) {
  return std::make_unique<UringFile>(path, options, std::move(fault));
}

}  // namespace plelab
