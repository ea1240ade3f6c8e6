// `sweep`, `zip` and `exclude`: multiplies variants out on the YAML tree, before they are read and checked
// one by one.
//
//   sweep: {model.threads: [1, 2], ple.capacity: [1%, 5%]}   every combination
//   zip: {model.dtype: [float32, bfloat16], workload.batch: [1, 4]}   the first of each, then the second of
//   each, … exclude: [{name: disk, model.threads: 1}]                combinations that are left out
//
// `cached` becomes `cached@threads=1,capacity=1%`, …  A value of the sweep wins over the variant's own.  A
// `ple.` key multiplies only those variants whose strategy, or transform, has this option; a `layers.` key
// only those that leave its value empty: `layers: {skip: }`.
#pragma once

#include "harness/config/yaml_tree.h"

namespace plelab {

// Replaces root's `variants` by the multiplied list and removes `sweep`, `zip` and `exclude`.
// Throws UserError with the place: a key that cannot be swept, no values, the same value twice, lists of
// unequal length in `zip`, an `exclude` that excludes nothing, no variant left, more than 1,000.
void ExpandVariants(YamlNode& root);

}  // namespace plelab
