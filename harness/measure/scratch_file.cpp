#include "harness/measure/scratch_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "harness/machine/resources.h"
#include "harness/support/progress.h"
#include "harness/support/units.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kChunkBytes = int64_t{4} << 20;

void MakeFolder(const std::string& folder, int64_t bytes) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    throw UserError("{}: cannot be made: {}; name another folder on the storage that is to be measured",
                    folder, error.message());
  }
  const int64_t free = FreeDiskBytes(folder);
  if (free < bytes) {
    throw UserError("{}: a scratch file of {} does not fit, {} are free; choose a smaller one", folder,
                    ReadableBytes(bytes), ReadableBytes(free));
  }
}

}  // namespace

ScratchFile::ScratchFile(const std::string& folder, int64_t bytes, uint64_t seed) {
  range_ = {.path = folder + "/plelab_scratch.bin", .offset_bytes = 0, .size_bytes = bytes};
  std::error_code ignored;
  fs::remove(range_.path, ignored);
  MakeFolder(folder, bytes);
  try {
    Write(seed);
    Evict();
    Open();
  } catch (...) {
    fs::remove(range_.path, ignored);
    throw;
  }
}

ScratchFile::~ScratchFile() {
  std::error_code ignored;
  fs::remove(range_.path, ignored);
}

void ScratchFile::Write(uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> chunk(kChunkBytes / sizeof(uint64_t));
  std::ofstream stream(range_.path, std::ios::binary);
  Progress bar("scratch file", range_.size_bytes);
  for (int64_t done = 0; done < range_.size_bytes && stream; done += kChunkBytes) {
    for (uint64_t& value : chunk) value = random();
    stream.write(reinterpret_cast<const char*>(chunk.data()),
                 std::min(kChunkBytes, range_.size_bytes - done));
    bar.Update(done, ReadableBytes(done));
  }
  if (!stream.flush()) throw RunError("{}: cannot be written: is the disk full?", range_.path);
  bar.Finish();
}

void ScratchFile::Open() {
  try {
    file_ = OpenRandomAccessFile(range_.path, {IoBackend::kDirect});
  } catch (const UserError&) {  // the file system refuses O_DIRECT, as tmpfs does
    direct_ = false;
    file_ = OpenRandomAccessFile(range_.path, {IoBackend::kPread});
  }
}

}  // namespace plelab
