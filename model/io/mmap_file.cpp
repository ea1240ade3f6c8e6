#include "model/io/mmap_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "model/io/rounding.h"
#include "model/io/sigbus_guard.h"

namespace plelab {
namespace {

// The page cache may hold the file in folios of up to so many bytes, and Linux maps at a fault either all of
// the page's folio or, around the page, what is cached of this much smaller window (fault_around_bytes).
constexpr int64_t kLargestFolioBytes = 2 * 1024 * 1024;
constexpr int64_t kFaultAroundBytes = 64 * 1024;

// No less than what reading the range can map.
int64_t MappedAtMost(int64_t offset, int64_t size_bytes) {
  const int64_t begin = std::max<int64_t>(offset - kFaultAroundBytes, 0);
  return RoundUp(offset + size_bytes + kFaultAroundBytes, kLargestFolioBytes) -
         RoundDown(begin, kLargestFolioBytes);
}

}  // namespace

MmapFile::MmapFile(const std::string& path, IoAdvice advice, int64_t mapped_bytes)
    : file_(path, ReadAhead::kOn), budget_bytes_(mapped_bytes) {
  if (budget_bytes_ > 0 && budget_bytes_ < kLeastBudgetBytes) {
    throw UserError("{}: a mapping of at most {} bytes was asked for; the least is {}", path, budget_bytes_,
                    kLeastBudgetBytes);
  }
  if (size_bytes() == 0) return;
  void* mapping = ::mmap(nullptr, size_bytes(), PROT_READ, MAP_SHARED, file_.get(), 0);
  if (mapping == MAP_FAILED) {
    throw RunError("{}: cannot be mapped: {}", path, std::system_category().message(errno));
  }
  mapping_ = static_cast<std::byte*>(mapping);
  // This is a hint: where the kernel ignores it, reads still work.
  if (advice == IoAdvice::kRandom) ::madvise(mapping_, size_bytes(), MADV_RANDOM);
}

MmapFile::~MmapFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_bytes());
}

void MmapFile::Read(int64_t offset, std::span<std::byte> out) {
  counters_.Add(std::ssize(out));
  if (budget_bytes_ > 0) return ReadWithinBudget(offset, out);
  CopyOrThrow(offset, out);
}

// In pieces of which each fits into the budget with what the kernel maps around it.
void MmapFile::ReadWithinBudget(int64_t offset, std::span<std::byte> out) {
  constexpr int64_t kPiece = kLeastBudgetBytes / 2;
  if (!IsFileRange(offset, std::ssize(out) + 2 * kLargestFolioBytes)) return CopyOrThrow(offset, out);
  for (int64_t done = 0; done < std::ssize(out); done += kPiece) {
    const auto piece = out.subspan(done, std::min<int64_t>(kPiece, std::ssize(out) - done));
    const int64_t maps = MappedAtMost(offset + done, std::ssize(piece));
    const std::lock_guard lock(mutex_);
    if (mapped_at_most_ + maps > budget_bytes_) Unmap();
    mapped_at_most_ += maps;
    CopyOrThrow(offset + done, piece);
  }
}

void MmapFile::CopyOrThrow(int64_t offset, std::span<std::byte> out) {
  const auto expected = static_cast<int64_t>(out.size());
  const int64_t found = Copy(offset, out);
  if (found == expected) return;
  // A fault that lies inside both the mapping and the file means that the device failed.
  const bool in_range =
      IsFileRange(offset, expected) && offset + expected <= std::min(size_bytes(), file_.size_now());
  throw file_.ShortRead(offset, expected, {found, in_range ? EIO : 0});
}

// Returns the number of bytes found.  Beyond the end of a file that shrank, the rest of its last page reads
// as zeros without a fault; the file's size is therefore queried after the copy.
int64_t MmapFile::Copy(int64_t offset, std::span<std::byte> out) const {
  const auto asked = static_cast<int64_t>(out.size());
  if (!IsFileRange(offset, asked)) return 0;
  const int64_t mapped = std::clamp<int64_t>(size_bytes() - offset, 0, asked);
  if (mapped == 0) return 0;
  const std::byte* from = mapping_ + offset;
  const void* fault = CopyFromMapping(out.data(), from, mapped);
  const int64_t copied = fault == nullptr ? mapped : static_cast<const std::byte*>(fault) - from;
  return std::clamp<int64_t>(file_.size_now() - offset, 0, copied);
}

void MmapFile::ReleasePages() {
  const std::lock_guard lock(mutex_);
  Unmap();
}

void MmapFile::Trim() {
  const std::lock_guard lock(mutex_);
  if (budget_bytes_ > 0 && mapped_at_most_ > budget_bytes_ / 2) Unmap();
}

void MmapFile::Unmap() {
  if (mapping_ != nullptr) ::madvise(mapping_, size_bytes(), MADV_DONTNEED);
  mapped_at_most_ = 0;
}

}  // namespace plelab
