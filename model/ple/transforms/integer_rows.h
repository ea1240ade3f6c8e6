// The transforms `int8` and `int4`: values rounded to integers of a few bits.
#pragma once

#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

// The options of int8 and int4.
struct IntegerOptions {
  int64_t group = 32;  // number of neighbouring values that share a scale
};

// Symmetric quantisation: `group` neighbouring values of a layer's row share a scale, which is their largest
// magnitude ÷ 127 (8 bits) or ÷ 7 (4 bits), kept in bfloat16.  Each value is rounded to the nearest integer
// multiple of the scale.  The last group of a layer may be shorter.
class IntegerRows : public RowTransform {
 public:
  // bits: 8 or 4.
  IntegerRows(int64_t dim, int64_t bits, int64_t group)
      : dim_(dim), group_(group), most_(bits == 8 ? 127 : 7) {}
  static int64_t Bytes(const PleGeometry& geometry, int64_t bits, int64_t group);

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_, group_;
  float most_;
};

}  // namespace plelab
