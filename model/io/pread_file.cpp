#include "model/io/pread_file.h"

#include <unistd.h>

#include "model/io/read_fully.h"

namespace plelab {

void PreadFile::Read(int64_t offset, std::span<std::byte> out) {
  const auto expected = static_cast<int64_t>(out.size());
  ReadResult result{0, EOVERFLOW};
  if (IsFileRange(offset, expected)) {
    result = ReadFully(offset, out, [this](void* to, size_t size, int64_t at) {
      return ::pread(file_.get(), to, size, at);
    });
  }
  counters_.Add(expected, result.found);
  if (result.found < expected) {
    throw ReadError(path(), offset, expected, result.found, file_.WhyShort(result.error));
  }
}

}  // namespace plelab
