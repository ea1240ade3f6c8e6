#include "model/io/random_access_file.h"

#include <exception>
#include <mutex>
#include <utility>

#include "model/base/error.h"
#include "model/io/direct_file.h"
#include "model/io/mmap_file.h"
#include "model/io/uring_file.h"

namespace plelab {
namespace {

// The reads of a file that does not read by itself: each happens in the first Wait for it.
class BlockingCompletion : public Completion {
 public:
  BlockingCompletion(RandomAccessFile& file, std::span<const ReadRange> ranges)
      : file_(file), ranges_(ranges.begin(), ranges.end()), reads_(ranges.size()) {
    int64_t total = 0;
    for (const ReadRange& range : ranges) {
      begins_.push_back(total);
      total += range.size_bytes;
    }
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(total);
  }

  std::span<const std::byte> Wait(size_t index) override {
    const std::span<std::byte> bytes{bytes_.get() + begins_.at(index),
                                     static_cast<size_t>(ranges_[index].size_bytes)};
    OneRead& read = reads_[index];
    const std::lock_guard lock(read.mutex);
    if (!read.is_done) {
      read.is_done = true;
      try {
        file_.Read(ranges_[index].offset_bytes, bytes);
      } catch (...) {
        read.error = std::current_exception();
      }
    }
    if (read.error) std::rethrow_exception(read.error);
    return bytes;
  }

 private:
  struct OneRead {
    std::mutex mutex;  // two threads may need the same range
    bool is_done = false;
    std::exception_ptr error;
  };

  RandomAccessFile& file_;
  std::vector<ReadRange> ranges_;
  std::vector<int64_t> begins_;  // [ranges], in bytes_
  std::unique_ptr<std::byte[]> bytes_;
  std::vector<OneRead> reads_;  // [ranges]
};

}  // namespace

std::string_view Name(IoBackend backend) {
  switch (backend) {
    case IoBackend::kPread:
      return "pread";
    case IoBackend::kDirect:
      return "direct";
    case IoBackend::kMmap:
      return "mmap";
    case IoBackend::kUring:
      return "io_uring";
  }
  throw RunError("a backend without a name");
}

std::unique_ptr<Completion> RandomAccessFile::Submit(std::span<const ReadRange> ranges) {
  return std::make_unique<BlockingCompletion>(*this, ranges);
}

std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, const IoOptions& options) {
  switch (options.backend) {
    case IoBackend::kPread:
      return std::make_unique<PreadFile>(path, options.advice);
    case IoBackend::kDirect:
      return std::make_unique<DirectFile>(path, options.alignment_bytes);
    case IoBackend::kMmap:
      return std::make_unique<MmapFile>(path, options.advice, options.mapped_bytes);
    case IoBackend::kUring:
      return OpenUringFile(path, options);
  }
  throw RunError("{}: no such backend", path);
}

void PreadFile::Read(int64_t offset, std::span<std::byte> out) {
  const auto expected = static_cast<int64_t>(out.size());
  const ReadResult result = file_.TryRead(offset, out);
  counters_.Add(expected);
  if (result.found < expected) throw file_.ShortRead(offset, expected, result);
}

}  // namespace plelab
