// A recorded config as a flat list of keys, in which two configs can be laid beside each other.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace plelab {

using ConfigLines = std::vector<std::pair<std::string, std::string>>;

// Every key of `yaml` with its value, in its order: {"design.reps", "10"}.  Entries of lists are called by
// their `name`, or by their number from 0: "variants[disk].ple.backend".  A list of plain values is one
// value,
// "[a, b]".  Keys of any version are taken.  Throws UserError, which begins with `origin`, for what is not
// YAML.
ConfigLines LinesOfConfig(const std::string& yaml, const std::string& origin);

// The value of a key, or `missing`.
std::string ValueOf(const ConfigLines& lines, const std::string& key, const std::string& missing);

}  // namespace plelab
