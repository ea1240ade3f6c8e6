#include "model/ple/transforms/integer_rows.h"

#include <algorithm>
#include <cmath>

#include "model/ple/transforms/row_values.h"

namespace plelab {
namespace {

constexpr int64_t kScaleBytes = 2;

void RoundGroup(std::span<float> group, float most) {
  float largest = 0;
  for (float value : group) largest = std::max(largest, std::abs(value));
  const float scale = RoundToBFloat16(largest / most);
  for (float& value : group) {
    value = scale > 0 ? scale * std::clamp(std::nearbyint(value / scale), -most, most) : 0;
  }
}

}  // namespace

int64_t IntegerRows::Bytes(const PleGeometry& geometry, int64_t bits, int64_t group) {
  const int64_t values = (geometry.dim * bits + 7) / 8;
  const int64_t groups = (geometry.dim + group - 1) / group;
  return geometry.vocab * geometry.layers * (values + groups * kScaleBytes);
}

void IntegerRows::Apply(int64_t /*layer*/, std::span<const int64_t> rows, std::span<float> values) const {
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int64_t d = 0; d < dim_; d += group_) {
      RoundGroup(values.subspan(i * dim_ + d, std::min(group_, dim_ - d)), most_);
    }
  }
}

}  // namespace plelab
