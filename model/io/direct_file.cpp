#include "model/io/direct_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "model/io/direct_alignment.h"
#include "model/io/rounding.h"

namespace plelab {
namespace {

constexpr int64_t kBounceBytes = 1024 * 1024;

}  // namespace

class DirectFile::BounceBuffer {
 public:
  explicit BounceBuffer(int64_t alignment)
      : alignment_(static_cast<std::align_val_t>(alignment)),
        data_(static_cast<std::byte*>(::operator new(kBounceBytes, alignment_))) {}
  ~BounceBuffer() { ::operator delete(data_, alignment_); }
  std::byte* data() const { return data_; }

 private:
  std::align_val_t alignment_;
  std::byte* data_;
};

struct DirectFile::Progress {
  int64_t found = 0;  // bytes of the requested range
  int error = 0;
};

DirectFile::DirectFile(const std::string& path, int64_t alignment_bytes)
    : file_(path, ReadAhead::kOn, O_DIRECT), alignment_(DirectAlignment(file_, alignment_bytes)) {}
DirectFile::~DirectFile() = default;

void DirectFile::Read(int64_t offset, std::span<std::byte> out) {
  const auto expected = static_cast<int64_t>(out.size());
  Progress progress{0, EOVERFLOW};
  if (IsFileRange(offset, expected + kBounceBytes)) {
    auto buffer = TakeBuffer();
    progress = ReadThrough(*buffer, offset, out);
    ReturnBuffer(std::move(buffer));
  }
  counters_.Add(expected);
  if (progress.found < expected) {
    throw file_.ShortRead(offset, expected, {progress.found, progress.error});
  }
}

// The read of a file's last block returns fewer bytes than a block.  That is an error only when it does not
// reach beyond the next requested position.
DirectFile::Progress DirectFile::ReadThrough(BounceBuffer& buffer, int64_t offset,
                                             std::span<std::byte> out) const {
  Progress progress;
  const auto expected = static_cast<int64_t>(out.size());
  while (progress.found < expected) {
    const int64_t position = offset + progress.found;
    const int64_t block = RoundDown(position, alignment_);
    const int64_t blocks_end = RoundUp(offset + expected, alignment_);
    const ssize_t got =
        ::pread(file_.get(), buffer.data(), std::min(blocks_end - block, kBounceBytes), block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      progress.error = errno;
      break;
    }
    const int64_t usable = std::min(block + got - position, expected - progress.found);
    if (usable <= 0) break;  // end of the file
    std::memcpy(out.data() + progress.found, buffer.data() + (position - block), usable);
    progress.found += usable;
  }
  return progress;
}

std::unique_ptr<DirectFile::BounceBuffer> DirectFile::TakeBuffer() {
  const std::lock_guard lock(mutex_);
  if (free_buffers_.empty()) return std::make_unique<BounceBuffer>(alignment_);
  auto buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

void DirectFile::ReturnBuffer(std::unique_ptr<BounceBuffer> buffer) {
  const std::lock_guard lock(mutex_);
  free_buffers_.push_back(std::move(buffer));
}

}  // namespace plelab
