#include "harness/storage/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <random>
#include <set>
#include <tuple>

#include "harness/support/timer.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {
namespace {

constexpr int64_t kWindowBytes = int64_t{1} << 30;  // mapped at a time
// The page cache holds folios of up to this size, and does not drop one that lies partly outside the range.
constexpr int64_t kLargestFolioBytes = int64_t{2} << 20;
constexpr int64_t kReadBytes = int64_t{4} << 20;

int64_t PageBytes() { return ::sysconf(_SC_PAGESIZE); }
int64_t PageFloor(int64_t offset) { return offset / PageBytes() * PageBytes(); }

[[noreturn]] void Fail(const FileRange& range, const std::string& what, int error) {
  throw RunError("{}: bytes {} to {}: {}: {}", range.path, range.offset_bytes,
                 range.offset_bytes + range.size_bytes, what, std::strerror(error));
}

// An opened file that is long enough for the range.
class RangeFile {
 public:
  explicit RangeFile(const FileRange& range) : file_(Open(range.path)) {
    const bool fits = range.offset_bytes >= 0 && range.size_bytes >= 0 &&
                      range.size_bytes <= file_.size_bytes() - range.offset_bytes;
    if (!fits) {
      throw RunError("{}: expected {} bytes from {}, the file has {}", range.path, range.size_bytes,
                     range.offset_bytes, file_.size_bytes());
    }
  }
  int fd() const { return file_.get(); }

 private:
  static FileDescriptor Open(const std::string& path) {
    try {
      return FileDescriptor(path, ReadAhead::kOn);
    } catch (const UserError& error) {
      throw RunError("{}", error.what());
    }
  }
  FileDescriptor file_;
};

// The kernel's own rule (can_do_mincore).  For other files it reports every page as present.
bool MincoreTellsTheTruth(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return false;
  return status.st_uid == ::geteuid() || ::geteuid() == 0 ||
         ::faccessat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), W_OK, AT_EACCESS) == 0;
}

// Bytes of [begin, end) on cached pages. begin may be anywhere; the mapped window starts at a page boundary.
int64_t CachedBytesOfWindow(const FileRange& range, int fd, int64_t begin, int64_t end) {
  const int64_t start = PageFloor(begin);
  const auto length = static_cast<size_t>(end - start);
  void* window = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, start);
  if (window == MAP_FAILED) Fail(range, "cannot be mapped", errno);
  std::vector<unsigned char> present((length + PageBytes() - 1) / PageBytes());
  const int error = ::mincore(window, length, present.data()) == 0 ? 0 : errno;
  ::munmap(window, length);
  if (error != 0) Fail(range, "mincore", error);
  int64_t cached = 0;
  for (size_t i = 0; i < present.size(); ++i) {
    const int64_t page = start + static_cast<int64_t>(i) * PageBytes();
    if ((present[i] & 1) != 0) cached += std::min(end, page + PageBytes()) - std::max(begin, page);
  }
  return cached;
}

// Dirty pages cannot be dropped.  A sync takes milliseconds even when there is nothing to write, too long for
// an eviction before each step, so each state of a file is synced only once.
void SyncOnce(const FileRange& range, int fd) {
  using FileState = std::tuple<dev_t, ino_t, int64_t, int64_t>;  // the last two change with each write
  static std::mutex mutex;
  static std::set<FileState> synced;
  struct stat status = {};
  if (::fstat(fd, &status) != 0) Fail(range, "no status", errno);
  const FileState state{status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  const std::lock_guard lock(mutex);
  if (synced.contains(state)) return;
  if (::fdatasync(fd) != 0) Fail(range, "cannot be synced", errno);
  synced.insert(state);
}

}  // namespace

int64_t CachedBytes(const FileRange& range) {
  const RangeFile file(range);
  if (!MincoreTellsTheTruth(file.fd())) {
    throw RunError(
        "{}: the kernel shows its page cache only to the file's owner and to those who may write it",
        range.path);
  }
  int64_t cached = 0;
  const int64_t end = range.offset_bytes + range.size_bytes;
  for (int64_t begin = range.offset_bytes; begin < end;) {
    const int64_t next = std::min(end, PageFloor(begin) + kWindowBytes);
    cached += CachedBytesOfWindow(range, file.fd(), begin, next);
    begin = next;
  }
  return cached;
}

void EvictFromPageCache(const FileRange& range) {
  const RangeFile file(range);
  if (range.size_bytes == 0) return;  // posix_fadvise takes 0 for "to the end"
  SyncOnce(range, file.fd());
  const int64_t begin = range.offset_bytes / kLargestFolioBytes * kLargestFolioBytes;
  const int64_t end = (range.offset_bytes + range.size_bytes + kLargestFolioBytes - 1) / kLargestFolioBytes *
                      kLargestFolioBytes;
  const int error = ::posix_fadvise(file.fd(), begin, end - begin, POSIX_FADV_DONTNEED);
  if (error != 0) Fail(range, "cannot be evicted", error);
}

void WarmPageCache(const FileRange& range) {
  const RangeFile file(range);
  std::vector<char> buffer(static_cast<size_t>(std::min(kReadBytes, range.size_bytes)));
  const int64_t end = range.offset_bytes + range.size_bytes;
  for (int64_t offset = range.offset_bytes; offset < end;) {
    const ssize_t got =
        ::pread(file.fd(), buffer.data(), std::min<int64_t>(kReadBytes, end - offset), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Fail(range, "cannot be read", errno);
    if (got == 0) throw RunError("{}: the file ends at byte {} while it is read", range.path, offset);
    offset += got;
  }
}

std::vector<double> DirectReadsNs(const FileRange& range, int64_t bytes, int64_t count, uint64_t seed) {
  const RangeFile exists(range);
  if (bytes <= 0 || bytes > range.size_bytes) return {};
  std::unique_ptr<RandomAccessFile> direct;
  try {
    direct = OpenRandomAccessFile(range.path, {IoBackend::kDirect});
  } catch (const UserError&) {
    return {};  // the file exists, so its file system refuses O_DIRECT
  }
  std::mt19937_64 random(seed);
  std::vector<std::byte> out(static_cast<size_t>(bytes));
  std::vector<double> nanoseconds;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t places = static_cast<uint64_t>(range.size_bytes / bytes);
    const int64_t offset = range.offset_bytes + static_cast<int64_t>(random() % places) * bytes;
    const Timer timer;
    direct->Read(offset, out);
    nanoseconds.push_back(static_cast<double>(timer.ns()));
  }
  return nanoseconds;
}

}  // namespace plelab
