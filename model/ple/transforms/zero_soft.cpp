#include "model/ple/transforms/zero_soft.h"

#include <algorithm>

namespace plelab {

void ZeroSoftRow::Apply(int64_t /*layer*/, std::span<const int64_t> rows, std::span<float> values) const {
  if (rows.empty()) return;
  const size_t dim = values.size() / rows.size();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == 0) std::ranges::fill(values.subspan(i * dim, dim), 0.0f);
  }
}

}  // namespace plelab
