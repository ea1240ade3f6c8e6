// What must hold between the rows of a record, whatever was measured.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// One line per problem; at most a few of each kind, then how many more.  Empty when everything holds:
// names and keys are unique and refer to something, hits + misses = lookups, bytes_moved ≥ bytes_asked, no
// negative times, valid_steps counts the steps, done exact variants of one baseline share their output,
// failures say why, /meta says what the weights are.
std::vector<std::string> CheckRecord(const Record& record);

}  // namespace plelab
