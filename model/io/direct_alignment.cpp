#include "model/io/direct_alignment.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kFallbackAlignment = 4096;  // no device in use needs more
constexpr int64_t kMostAlignment = 4096;      // of the memory that reads fill

// 0 where nothing is stated.
int64_t StatedAlignment([[maybe_unused]] int fd) {
#ifdef STATX_DIOALIGN
  struct statx status = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0) {
    // Both are 0 where the kernel, or an emulator that runs this program, does not report them.
    const int64_t stated = std::max<int64_t>(status.stx_dio_offset_align, status.stx_dio_mem_align);
    if (stated > 0 && kMostAlignment % stated == 0) return stated;
  }
#endif
  return 0;
}

}  // namespace

int64_t DirectAlignment(const FileDescriptor& file, int64_t wanted) {
  const int64_t least = StatedAlignment(file.get());
  if (wanted == 0) return least > 0 ? least : kFallbackAlignment;
  if (least == 0 || wanted % least == 0) return wanted;
  throw UserError("{}: direct reads aligned to {} bytes were asked for; its device needs {}", file.path(),
                  wanted, least);
}

}  // namespace plelab
