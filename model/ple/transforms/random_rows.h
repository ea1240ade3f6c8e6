// The transform `random`: rows keep their norm and lose their direction.
#pragma once

#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

struct RandomRowsOptions {
  int64_t seed = 0;
};

// In each layer a token's row is replaced by a random one of the same norm, which (seed, row, layer)
// determines.
class RandomRows : public RowTransform {
 public:
  RandomRows(int64_t dim, int64_t seed) : dim_(dim), seed_(static_cast<uint64_t>(seed)) {}
  // Bytes of the table in this form: one norm per row and layer, since the seed determines the directions.
  static int64_t Bytes(const PleGeometry& geometry) {
    return geometry.vocab * geometry.layers * SizeOf(geometry.dtype);
  }

  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;

 private:
  int64_t dim_;
  uint64_t seed_;
};

}  // namespace plelab
