#include "model/io/random_access_file.h"

#include "model/base/error.h"
#include "model/io/direct_file.h"
#include "model/io/mmap_file.h"

namespace plelab {

std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, IoBackend backend,
                                                       IoAdvice advice) {
  switch (backend) {
    case IoBackend::kPread:
      return std::make_unique<PreadFile>(path, advice);
    case IoBackend::kDirect:
      return std::make_unique<DirectFile>(path);
    case IoBackend::kMmap:
      return std::make_unique<MmapFile>(path, advice);
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
