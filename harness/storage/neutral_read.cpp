#include "harness/storage/neutral_read.h"

#include <array>
#include <cstddef>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kBlockBytes = 4096;

}  // namespace

NeutralRead::NeutralRead(const std::string& path) {
  try {
    file_ = OpenRandomAccessFile(path, {IoBackend::kDirect});
  } catch (const UserError&) {
    return;
  }
  if (file_->size_bytes() < kBlockBytes) file_.reset();
}

void NeutralRead::Read() {
  if (!file_) return;
  const auto blocks = static_cast<uint64_t>(file_->size_bytes() / kBlockBytes);
  const auto block = static_cast<int64_t>(random_() % blocks);
  std::array<std::byte, kBlockBytes> bytes;
  try {
    file_->Read(block * kBlockBytes, bytes);
  } catch (const RunError&) {
  }
}

}  // namespace plelab
