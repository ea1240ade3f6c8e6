// The table at the end of a run, within 100 columns of a terminal.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

inline constexpr int64_t kStepsForP99 = 1024;  // fewer steps cannot tell a 99th percentile

// Header (weights, dtype, threads, page cache), one line per variant: rows in RAM and on storage, time to
// first token, p50 and p99 of a step, exposed wait, paired difference in ms per step and in nats per token
// against the baseline with 95 % intervals, whether bit-exact; failed variants with their error.
std::string SummaryTable(const Record& record, int64_t seed);

}  // namespace plelab
