// The transforms `int8` and `int4`: values rounded to integers of a few bits.
#pragma once

#include "model/ple/formats/integer_codec.h"
#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

// The options of int8 and int4.
struct IntegerOptions {
  int64_t group = 32;  // number of neighbouring values that share a scale
};

// Rows as they come back from IntegerCodec, before they are rounded to the table's dtype: what a table that
// was packed in that form returns.
class IntegerRows : public RowTransform {
 public:
  // bits: 8 or 4.
  IntegerRows(int64_t dim, int64_t bits, int64_t group)
      : dim_(dim), codec_(dim, DType::kFloat32, bits, group) {}
  static int64_t Bytes(const PleGeometry& geometry, int64_t bits, int64_t group);

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_;
  IntegerCodec codec_;
};

}  // namespace plelab
