// The transform `zero_soft`: soft tokens read zeros, and text keeps its rows.
#pragma once

#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

// Replaces row 0 by zeros.  It is read by ids outside the table (images and audio) and by padding, which no
// prompt has.  Nothing changes when the table's own row 0 is zeros, which is how the reference trains it.
class ZeroSoftRow : public RowTransform {
 public:
  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;
};

}  // namespace plelab
