#include "harness/cold/unread_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <thread>

#include "harness/storage/page_cache.h"
#include "harness/support/system_files.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/output_file.h"

namespace plelab {
namespace {

constexpr int64_t kLookBytes = int64_t{64} << 20;  // of the page cache, looked at in one call
constexpr auto kLockPatience = std::chrono::seconds(10);

std::string BootNow() { return ReadSystemFile("/proc/sys/kernel/random/boot_id"); }

FileLock LockOf(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kLockPatience;
  while (true) {
    if (std::optional<FileLock> lock = FileLock::Try(path)) return std::move(*lock);
    if (std::chrono::steady_clock::now() > until)
      throw RunError("{}: another run holds it; its places cannot be told apart from ours", path);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// Marks the places of which the page cache holds something.
void MarkCached(const std::string& path, ReadLedger& ledger) {
  for (int64_t begin = 0; begin < ledger.file_bytes; begin += kLookBytes) {
    const int64_t end = std::min(begin + kLookBytes, ledger.file_bytes);
    if (CachedBytes({path, begin, end - begin}) == 0) continue;
    for (int64_t place = begin / kPlaceBytes; place < end / kPlaceBytes; ++place) {
      if (!ledger.used[place] && CachedBytes({path, place * kPlaceBytes, kPlaceBytes}) > 0)
        ledger.used[place] = true;
    }
  }
}

// The first places of all windows of `n` places that are free.
std::vector<int64_t> FreeWindows(const ReadLedger& ledger, int64_t n) {
  std::vector<int64_t> free;
  for (int64_t first = 1; first + n <= std::ssize(ledger.used); first += n) {
    const auto begin = ledger.used.begin() + first;
    if (std::find(begin, begin + n, true) == begin + n) free.push_back(first);
  }
  return free;
}

// Small windows come from the last quarter of the file and large ones from what is before, as long as there
// are enough: drawn from all of it, small ones would break up the places of all large ones.
std::vector<int64_t> Preferred(const std::vector<int64_t>& free, int64_t n, int64_t places, int64_t count) {
  constexpr int64_t kFewPlaces = 8;
  const auto border = std::ranges::lower_bound(free, places / 4 * 3);
  const std::vector<int64_t> front(free.begin(), border), back(border, free.end());
  const std::vector<int64_t>& part = n <= kFewPlaces ? back : front;
  return std::ssize(part) >= count ? part : free;
}

}  // namespace

UnreadFile::UnreadFile(std::string path, int64_t least_bytes) : path_(std::move(path)) {
  const FileDescriptor file(path_, ReadAhead::kOff);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) throw RunError("{}: no status: {}", path_, std::strerror(errno));
  size_bytes_ = status.st_size;
  device_ = status.st_dev;
  changed_ = Format("{}.{:09d}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  if (size_bytes_ < least_bytes) {
    throw UserError(
        "{}: expected at least {}, found {}: a smaller file fits into caches; write another with "
        "scripts/cold_reference.sh",
        path_, ReadableBytes(least_bytes), ReadableBytes(size_bytes_));
  }
  if (status.st_blocks * 512 < size_bytes_) {
    throw UserError(
        "{}: of {} only {} lie on its device, and reads of the rest cost nothing; write another with "
        "scripts/cold_reference.sh, on a file system that does not compress",
        path_, ReadableBytes(size_bytes_), ReadableBytes(status.st_blocks * 512));
  }
  Load();
}

bool UnreadFile::written_in_this_boot() const { return Load().boot == BootNow(); }

int64_t UnreadFile::WindowBytes(int64_t bytes) {
  return (bytes + kPlaceBytes - 1) / kPlaceBytes * kPlaceBytes;
}

ReadLedger UnreadFile::Load() const {
  const std::string ledger_path = LedgerPath(path_);
  std::ifstream stream(ledger_path, std::ios::binary);
  if (!stream) {
    throw UserError(
        "{}: no such file; scripts/cold_reference.sh writes it beside {}, and without it nobody knows what "
        "was "
        "read",
        ledger_path, path_);
  }
  ReadLedger ledger = ParseReadLedger({std::istreambuf_iterator<char>(stream), {}}, ledger_path);
  if (ledger.file_bytes != size_bytes_ || ledger.changed != changed_) {
    throw UserError(
        "{}: it is about a file of {} bytes that was last written to at {}, {} has {} and was at {}; write "
        "another with "
        "scripts/cold_reference.sh",
        ledger_path, ledger.file_bytes, ledger.changed, path_, size_bytes_, changed_);
  }
  MarkCached(path_, ledger);
  return ledger;
}

int64_t UnreadFile::Left(int64_t bytes) const {
  return std::ssize(FreeWindows(Load(), WindowBytes(bytes) / kPlaceBytes));
}

std::vector<int64_t> UnreadFile::Take(int64_t count, int64_t bytes, uint64_t seed) {
  // The ledger is replaced, so the file itself is locked, which never is.
  const FileLock lock = LockOf(path_);
  ReadLedger ledger = Load();
  const int64_t n = WindowBytes(bytes) / kPlaceBytes;
  std::vector<int64_t> free = Preferred(FreeWindows(ledger, n), n, std::ssize(ledger.used), count);
  count = std::min<int64_t>(count, std::ssize(free));
  std::mt19937_64 random(seed);
  std::vector<int64_t> offsets;
  for (int64_t i = 0; i < count; ++i) {
    const auto left = static_cast<uint64_t>(std::ssize(free) - i);
    std::swap(free[i], free[i + static_cast<int64_t>(random() % left)]);
    offsets.push_back(free[i] * kPlaceBytes);
    std::fill_n(ledger.used.begin() + free[i], n, true);
  }
  if (count > 0) WriteWholeFile(LedgerPath(path_), PrintReadLedger(ledger));
  return offsets;
}

std::string UnreadFile::Describe() const {
  const ReadLedger ledger = Load();
  return Format("{} bytes, written at {} in {} boot, {} of {} places read before", size_bytes_,
                ledger.changed, written_in_this_boot() ? "this" : "an earlier",
                std::ranges::count(ledger.used, true), ledger.used.size());
}

}  // namespace plelab
