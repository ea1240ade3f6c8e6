// The turns of variants that were timed side by side, as the statistics of crossover designs see them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/statistics/turns.h"

namespace plelab {

struct GroupTurns {
  std::vector<std::string> names;    // by number: the variants with this baseline, in the record's order
  std::map<int64_t, RepTurns> reps;  // by repetition
};

// The turns of all variants with this baseline.  Steps without a predecessor (files of schema version 1) and
// those whose predecessor is of another group are left out.
GroupTurns TurnsOf(const Record& record, const std::string& baseline);

}  // namespace plelab
