// Rows of indices into a codebook.
#pragma once

#include <memory>

#include "model/base/dtype.h"
#include "model/ple/formats/codebook.h"
#include "model/ple/row_codec.h"

namespace plelab {

// A stored slice is the number of the nearest entry of the layer's book: one byte where the book has up to
// 256 entries, otherwise two, the low one first.
class CodebookCodec : public RowCodec {
 public:
  static constexpr int64_t kMostEntries = 65536;

  // books: of up to kMostEntries entries.  dtype: of decoded values.
  CodebookCodec(std::shared_ptr<const Codebooks> books, int64_t dim, DType dtype);

  int64_t slice_bytes() const override { return SliceBytes(books_->entries()); }
  int64_t index_bytes() const override { return books_->bytes(); }
  void Decode(int64_t layer, const std::byte* stored, std::span<std::byte> values) const override;
  void Encode(int64_t layer, std::span<const float> values, std::span<std::byte> stored) const override;

  static int64_t SliceBytes(int64_t entries) { return entries <= 256 ? 1 : 2; }

 private:
  std::shared_ptr<const Codebooks> books_;
  int64_t dim_;
  DType dtype_;
};

}  // namespace plelab
