// Checks what must hold between the rows of a record, whatever was measured.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// Returns one line per problem, at most a few of each kind and then how many more; empty when everything
// holds.  It requires that names and keys are unique and refer to something that exists, hits + misses =
// lookups, times are not negative, valid_steps counts the steps, finished exact variants of one baseline have
// the same output, failures say why, and /meta says what the weights are.
std::vector<std::string> CheckRecord(const Record& record);

}  // namespace plelab
