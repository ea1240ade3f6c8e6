// The table at the end of a run, within 100 columns of a terminal.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// Returns a header (weights, dtype, threads, page cache) and one line per variant: its name, cut in the
// middle when it is too long; rows in RAM and on storage; time to first token; mean and p99 of a step;
// exposed wait; the paired difference to the baseline in ms per step and in nats per token, with 95 %
// intervals; whether it is bit-exact.  The line of a variant that failed has its error instead.
std::string SummaryTable(const Record& record);

}  // namespace plelab
