#include "harness/storage/kernel_reads.h"

#include "harness/support/system_files.h"

namespace plelab {
namespace {

int64_t ReadBytesNow() { return ReadBytesOf(ReadSystemFile("/proc/self/io")); }

}  // namespace

int64_t ReadBytesOf(const std::string& proc_io) {
  const auto bytes = LeadingNumber(FieldOf(proc_io, "read_bytes"));
  return bytes ? static_cast<int64_t>(*bytes) : kBytesUnknown;
}

KernelReads::KernelReads() : before_(ReadBytesNow()) {}

int64_t KernelReads::bytes() const {
  const int64_t now = ReadBytesNow();
  return now == kBytesUnknown || before_ == kBytesUnknown ? kBytesUnknown : now - before_;
}

}  // namespace plelab
