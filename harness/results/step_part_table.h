// What the parts of a decode step read and take, against the read bandwidth of the same run.
#pragma once

#include <string>

#include "harness/record/record.h"

namespace plelab {

// A heading, and a line for each part of the first baseline whose steps were observed (of the first variant,
// where none was): bytes that the part must read, its time, GB/s, and their share of the run's read
// bandwidth. Times are medians over repetitions; the bandwidth is that of before and after each of them.  The
// last line is the whole step.  "" where no step was observed.
std::string StepPartTable(const Record& record);

}  // namespace plelab
