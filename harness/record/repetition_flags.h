// Which repetitions a busy machine, or a stall, has made suspect.  They stay in every statistic: a flag says
// when to measure again, and leaving out what looks wrong would make intervals narrower than they are.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// A repetition is busy when some task waited for a core in more than this share of its time (PSI: `some` of
// /proc/pressure/cpu).  The run's own threads count, where there are more of them than cores.
inline constexpr double kBusyPressure = 0.05;
// … or when a hypervisor took more than this share of its cores' time (steal).
inline constexpr double kBusySteal = 0.02;

// Fills `flag` of every row of `reps`, from the rows and /meta `cores` alone, so that whoever reads the file
// finds the same.  "" for a repetition that nothing speaks against, else one or more of these, joined by
// "; ":
//   slow: its mean step is 1.80 × the median repetition's      (FarFromMedian of the variant's own)
//   fast: its mean step is 0.55 × the median repetition's
//   busy: tasks waited for a core in 12 % of its time
//   steal: the hypervisor took 3.1 % of the cores' time
void FlagRepetitions(Record& record);

// One line for each row of `reps` whose flag is not what FlagRepetitions gives.
std::vector<std::string> FlagProblems(const Record& record);

}  // namespace plelab
