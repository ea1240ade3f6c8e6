// Recomputes what a file says of cold reads.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// One line for each repetition whose guest_cold, device_cold, unread_ns or direct_ns is not what its steps,
// /curves/cold_reference, /curves/guest_cold and the recorded config give; empty when all agree.  An honest
// `no` is no problem.  Files of schema version 1 have neither word, and nothing to check.  Throws UserError
// when the recorded config cannot be read.
std::vector<std::string> ColdProblems(const Record& record);

}  // namespace plelab
