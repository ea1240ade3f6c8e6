// Rows of small integers with scales.
#pragma once

#include "model/base/dtype.h"
#include "model/ple/row_codec.h"

namespace plelab {

// Symmetric quantisation: `group` neighbouring values of a slice share a scale, which is their largest
// magnitude ÷ 127 (8 bits) or ÷ 7 (4 bits), kept in bfloat16.  Each value is rounded to the nearest integer
// multiple of the scale.  The last group of a slice may be shorter.
//
// A stored slice is the integers, then the scales.  Two values of 4 bits share a byte, the first in its low
// half, each increased by 8.
class IntegerCodec : public RowCodec {
 public:
  // bits: 8 or 4.  dtype: of decoded values.
  IntegerCodec(int64_t dim, DType dtype, int64_t bits, int64_t group);

  int64_t slice_bytes() const override { return SliceBytes(dim_, bits_, group_); }
  void Decode(int64_t layer, const std::byte* stored, std::span<std::byte> values) const override;
  void Encode(int64_t layer, std::span<const float> values, std::span<std::byte> stored) const override;
  // As Decode, to float32.  values: [dim].
  void DecodeFloats(const std::byte* stored, std::span<float> values) const;

  static int64_t SliceBytes(int64_t dim, int64_t bits, int64_t group);

 private:
  int64_t dim_;
  DType dtype_;
  int64_t bits_, group_;
};

}  // namespace plelab
