// Rows in a narrower float format than the one that sources return.
#pragma once

#include "model/base/dtype.h"
#include "model/ple/row_codec.h"

namespace plelab {

// Values are stored in `stored`, rounded to the nearest, and widened again to `returned`.
class NarrowCodec : public RowCodec {
 public:
  NarrowCodec(int64_t dim, DType stored, DType returned) : dim_(dim), stored_(stored), returned_(returned) {}

  int64_t slice_bytes() const override { return dim_ * SizeOf(stored_); }
  void Decode(int64_t layer, const std::byte* stored, std::span<std::byte> values) const override;
  void Encode(int64_t layer, std::span<const float> values, std::span<std::byte> stored) const override;

 private:
  int64_t dim_;
  DType stored_, returned_;
};

}  // namespace plelab
