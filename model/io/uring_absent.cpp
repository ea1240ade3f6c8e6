// Stands in for uring_file.cpp where the program is built without liburing.
#include "model/base/error.h"
#include "model/io/uring_file.h"

namespace plelab {

std::string WhyNoUring() { return "io_uring cannot be used here: this program was built without liburing"; }

std::unique_ptr<RandomAccessFile> OpenUringFile(const std::string& path, const IoOptions&, UringFault) {
  throw UserError("{}: {}; use 'backend: direct'", path, WhyNoUring());
}

}  // namespace plelab
