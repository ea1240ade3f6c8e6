#include "model/ple/transforms/integer_rows.h"

#include <vector>

namespace plelab {

int64_t IntegerRows::Bytes(const PleGeometry& geometry, int64_t bits, int64_t group) {
  return geometry.vocab * geometry.layers * IntegerCodec::SliceBytes(geometry.dim, bits, group);
}

void IntegerRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  std::vector<std::byte> stored(static_cast<size_t>(codec_.slice_bytes()));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = values.subspan(i * dim_, dim_);
    codec_.Encode(layer, row, stored);
    codec_.DecodeFloats(stored.data(), row);
  }
}

}  // namespace plelab
