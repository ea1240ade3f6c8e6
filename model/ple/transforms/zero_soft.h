// What soft tokens read, taken away; text keeps its rows.
#pragma once

#include "model/ple/transforms/transformed_ple.h"

namespace plelab {

// Row 0 is zeros: ids outside the table read it (images and audio), and padding, which no prompt has. Nothing
// changes where the table's own row 0 is zeros, as the reference trains it.
class ZeroSoftRow : public RowTransform {
 public:
  void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const override;
};

}  // namespace plelab
