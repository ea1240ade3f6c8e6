// `--set key=value` changes the YAML tree before it is read, so that values from the command line are checked
// in the same way.  The tree is our own: yaml-cpp accepts a repeated key silently, and its nodes cannot say
// that they come from the command line.
#pragma once

#include <string>

#include "harness/config/yaml_tree.h"

namespace plelab {

// `assignment` is such as `workload.decode_tokens=64`.  `variants[1].ple.capacity=5%` and
// `variants[disk].ple.backend=direct` reach into lists by number (from 0) or by `name`.  The value is YAML
// (`sweep.model.threads=[1, 2]`), and `null` removes the key.  The new value's place is "--set ASSIGNMENT".
// Throws UserError for a malformed assignment or an entry that does not exist.
void ApplyOverride(YamlNode& root, const std::string& assignment);

}  // namespace plelab
