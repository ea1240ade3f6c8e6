#include "model/ple/decoded_rows.h"

namespace plelab {
namespace {

// From this size on, the page faults that huge pages save outweigh the cost of their alignment.
constexpr int64_t kLargeBytes = 4 * 1024 * 1024;

}  // namespace

std::byte* DecodedRows::At(int64_t layer) {
  const int64_t size = n_ * geometry_.row_bytes();
  if (data_ == nullptr && size < kLargeBytes) {
    small_ = std::make_unique_for_overwrite<std::byte[]>(size);
    data_ = small_.get();
  } else if (data_ == nullptr) {
    large_ = spare_ != nullptr ? spare_->Take(size) : AnonymousMemory(size, PageSize::kHuge);
    data_ = large_.data();
  }
  return data_ + layer * n_ * geometry_.layer_bytes();
}

}  // namespace plelab
