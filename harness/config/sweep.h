// Expands `sweep`, `zip` and `exclude` into variants on the YAML tree, before the variants are read and
// checked one by one.
//
//   sweep: {model.threads: [1, 2], ple.capacity: [1%, 5%]}
//       every combination
//   zip: {model.dtype: [float32, bfloat16], workload.batch: [1, 4]}
//       the first value of each list together, then the second of each, …
//   exclude: [{name: disk, model.threads: 1}]
//       combinations that are left out
//
// `cached` becomes `cached@threads=1,capacity=1%`, … A value of the sweep takes precedence over the variant's
// own.  A `ple.` key expands only those variants whose strategy or transform has this option.  A `layers.`
// key expands only those that leave its value empty: `layers: {skip: }`.
#pragma once

#include "harness/config/yaml_tree.h"

namespace plelab {

// Replaces root's `variants` by the expanded list and removes `sweep`, `zip` and `exclude`.  Throws UserError
// with the place for a key that cannot be swept, an empty list of values, the same value twice, lists of
// unequal length in `zip`, an `exclude` that excludes nothing, and when no variant or more than 1,000 are
// left.
void ExpandVariants(YamlNode& root);

}  // namespace plelab
