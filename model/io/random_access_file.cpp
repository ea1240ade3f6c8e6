#include "model/io/random_access_file.h"

#include "model/io/direct_file.h"
#include "model/io/mmap_file.h"
#include "model/io/pread_file.h"

namespace plelab {

std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, IoBackend backend) {
  switch (backend) {
    case IoBackend::kPread:
      return std::make_unique<PreadFile>(path);
    case IoBackend::kDirect:
      return std::make_unique<DirectFile>(path);
    case IoBackend::kMmap:
      return std::make_unique<MmapFile>(path);
  }
  throw RunError("{}: no such backend", path);
}

}  // namespace plelab
