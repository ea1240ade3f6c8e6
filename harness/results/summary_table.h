// The table at the end of a run, within 100 columns of a terminal.
#pragma once

#include <string>

#include "harness/record/record.h"

namespace plelab {

// Returns, in this order:
// * what the run's controls say, a line for each baseline that has a twin, what failed first;
// * a header (weights, dtype, threads, page cache);
// * for each baseline, which a heading names with its group, a line per variant that is compared with it:
// mean
//   and p99 of a step, the paired difference of means in ms, the median of a step, the paired difference of
//   medians in ms and in % of the baseline's median, with 95 % intervals, and beside each difference the
//   verdict of the margin; a line below it where predecessors or a few stalls made the difference;
// * a line per variant of what explains it: rows in RAM and on storage, time to first token, exposed and
//   hidden wait, cache hits, whether reads were cold, nats per token, whether it is bit-exact;
// * what the parts of a step read and take (step_part_table.h);
// * variants that failed, with their errors; repetitions that are flagged, with the reason.
// Names are cut in the middle where they are too long.  A column that says nothing of any variant is left
// out.
std::string SummaryTable(const Record& record);

}  // namespace plelab
