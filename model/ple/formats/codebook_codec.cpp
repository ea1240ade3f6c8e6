#include "model/ple/formats/codebook_codec.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/ple/formats/row_values.h"

namespace plelab {

CodebookCodec::CodebookCodec(std::shared_ptr<const Codebooks> books, int64_t dim, DType dtype)
    : books_(std::move(books)), dim_(dim), dtype_(dtype) {}

void CodebookCodec::Encode(int64_t layer, std::span<const float> values, std::span<std::byte> stored) const {
  const int64_t entry = books_->Nearest(layer, values);
  stored[0] = static_cast<std::byte>(entry & 255);
  if (stored.size() > 1) stored[1] = static_cast<std::byte>(entry >> 8);
}

void CodebookCodec::Decode(int64_t layer, const std::byte* stored, std::span<std::byte> values) const {
  int64_t entry = std::to_integer<int64_t>(stored[0]);
  if (slice_bytes() > 1) entry |= std::to_integer<int64_t>(stored[1]) << 8;
  thread_local std::vector<float> row;
  row.resize(static_cast<size_t>(dim_));
  // A damaged file may name an entry that the book does not have.
  books_->Copy(layer, std::min(entry, books_->entries() - 1), row);
  StoreValues(dtype_, row, values);
}

}  // namespace plelab
