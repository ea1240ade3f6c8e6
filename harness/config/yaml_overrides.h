// `--set key=value`: changes the YAML tree before it is read, so that values from the command line are
// checked alike.  The tree is ours: yaml-cpp's takes a repeated key without a word, and its nodes cannot say
// that they come from the command line.
#pragma once

#include <string>

#include "harness/config/yaml_tree.h"

namespace plelab {

// assignment: `workload.decode_tokens=64`; `variants[1].ple.capacity=5%` or
// `variants[disk].ple.backend=direct` reach into lists by number (from 0) or by `name`; the value is YAML
// (`sweep.model.threads=[1, 2]`), `null` removes the key. The new value's place is "--set ASSIGNMENT". Throws
// UserError for a broken assignment or an entry that is not there.
void ApplyOverride(YamlNode& root, const std::string& assignment);

}  // namespace plelab
