#include "experiments/replay/tables/random_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "harness/support/timer.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/random_bits.h"

namespace plelab {
namespace {

constexpr int64_t kWord = 8;
constexpr int64_t kChunkBytes = int64_t{4} << 20;
// Written through to the device so often, so that the time that writing takes is the device's.
constexpr int64_t kSyncBytes = int64_t{64} << 20;
constexpr int64_t kSamples = 256;

// Owns the descriptor of the file that is lengthened.
class GrowingFile {
 public:
  explicit GrowingFile(std::string path) : path_(std::move(path)) {
    RefuseSpecialOutput(path_);
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw RunError("{}: cannot be written: {}", path_, std::strerror(errno));
  }
  ~GrowingFile() { ::close(fd_); }
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  int64_t size() const { return ::lseek(fd_, 0, SEEK_END); }
  // False when the disk is full; what was written of the chunk is taken back.
  bool Append(int64_t offset, std::span<const std::byte> bytes) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t wrote = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, offset + done);
      if (wrote > 0) {
        done += wrote;
      } else if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
        Truncate(offset);
        return false;
      } else if (errno != EINTR) {
        throw RunError("{}: write at offset {}: {}", path_, offset + done, std::strerror(errno));
      }
    }
    return true;
  }
  void Sync() {
    if (::fdatasync(fd_) != 0) throw RunError("{}: cannot be synced: {}", path_, std::strerror(errno));
  }
  void Truncate(int64_t size) {
    if (::ftruncate(fd_, size) != 0) throw RunError("{}: {}", path_, std::strerror(errno));
  }

 private:
  std::string path_;
  int fd_ = -1;
};

// A folder in memory has no device, and its pages cannot be evicted.
void RefuseMemory(const std::string& folder) {
  struct statfs status = {};
  if (::statfs(folder.c_str(), &status) != 0) return;
  if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC) {
    throw UserError(
        "--work {}: the folder lies in memory (tmpfs); expected one on the storage to be measured", folder);
  }
}

int64_t FreeBytes(const std::string& folder) {
  struct statvfs status = {};
  if (::statvfs(folder.c_str(), &status) != 0) throw RunError("{}: {}", folder, std::strerror(errno));
  return static_cast<int64_t>(status.f_bavail) * static_cast<int64_t>(status.f_frsize);
}

// Throws when a sample of the file, its first and last words among it, holds other bytes.
void CheckContent(const std::string& path, uint64_t seed, int64_t size) {
  const FileDescriptor file(path, ReadAhead::kOff);
  const int64_t words = size / kWord;
  for (int64_t i = 0; words > 0 && i < kSamples; ++i) {
    const int64_t offset = (words - 1) * i / (kSamples - 1) * kWord;
    std::byte found[kWord], expected[kWord];
    file.Read(offset, found);
    FillRandom(seed, offset, expected);
    if (std::memcmp(found, expected, kWord) == 0) continue;
    throw UserError(
        "{}: expected the random bytes of seed {}, found others at offset {}; remove the file, or "
        "choose another folder with --work",
        path, seed, offset);
  }
}

// Lengthens the file until `target`; why it stopped before, or empty.
std::string Grow(GrowingFile& file, const RandomFileRequest& request, int64_t size, int64_t target) {
  const Timer timer;
  std::vector<std::byte> chunk(kChunkBytes);
  int64_t unsynced = 0;
  while (size < target) {
    const auto bytes = std::span(chunk).first(std::min(kChunkBytes, target - size));
    FillRandom(request.seed, size, bytes);
    if (!file.Append(size, bytes)) return "the disk is full";
    size += std::ssize(bytes);
    unsynced += std::ssize(bytes);
    if (unsynced >= kSyncBytes) {
      file.Sync();
      unsynced = 0;
    }
    if (request.progress) request.progress(size);
    const bool late = request.most_seconds > 0 && timer.seconds() > request.most_seconds;
    if (late && size >= request.least_bytes && size < target) {
      return Format("writing it was stopped after {}", ReadableSeconds(timer.seconds()));
    }
  }
  return "";
}

}  // namespace

void FillRandom(uint64_t seed, int64_t offset, std::span<std::byte> out) {
  const uint64_t first = MixBits(seed), start = static_cast<uint64_t>(offset / kWord);
  for (size_t i = 0; i < out.size() / kWord; ++i) {
    const uint64_t word = FinishBits(first + (start + i) * 0x9e3779b97f4a7c15);  // splitmix64's own step
    std::memcpy(out.data() + i * kWord, &word, kWord);
  }
}

std::string RandomFilePath(const std::string& folder, uint64_t seed) {
  return (std::filesystem::path(folder) / Format("plelab-replay-random-{}.bytes", seed)).string();
}

int64_t MostBytes(int64_t present_bytes, int64_t free_bytes) {
  return (present_bytes + std::max<int64_t>(free_bytes, 0) / 5 * 4) / kWord * kWord;
}

RandomFile MakeRandomFile(const RandomFileRequest& request) {
  std::filesystem::create_directories(request.folder);
  RefuseMemory(request.folder);
  RandomFile made{.path = RandomFilePath(request.folder, request.seed), .seed = request.seed};
  GrowingFile file(made.path);
  const int64_t present = file.size() / kWord * kWord;
  CheckContent(made.path, request.seed, present);
  const int64_t most = MostBytes(present, FreeBytes(request.folder));
  if (most < request.least_bytes) {
    throw UserError(
        "{}: expected room for {} bytes, found {} free; --work DIR names a folder on another disk",
        request.folder, request.least_bytes, FreeBytes(request.folder));
  }
  if (most < request.wanted_bytes) {
    made.cut_because = Format("{} are free in {}", DecimalBytes(FreeBytes(request.folder)), request.folder);
  }
  const std::string stopped = Grow(file, request, present, std::min(request.wanted_bytes, most));
  if (!stopped.empty()) made.cut_because = stopped;
  file.Sync();
  made.written_bytes = file.size() - present;
  made.size_bytes = std::min(file.size() / kWord * kWord, request.wanted_bytes);
  return made;
}

}  // namespace plelab
