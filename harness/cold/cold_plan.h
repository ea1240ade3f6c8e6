// Whether the reference files of a run can say what they are there for, looked at before anything runs.
#pragma once

#include <cstdint>
#include <string>

#include "harness/plan/run_plan.h"

namespace plelab {

// Checks the file that each variant with a device_cold to tell names in page_cache.reference: as UnreadFile
// does; on the same file system as the variant's table; with enough places that were never read for `reps`
// repetitions; in a folder in which its ledger can be written.  Throws UserError for what the user can mend,
// naming the place in the config.  Prints one line about a file that was written in this boot.
void CheckColdReferences(const RunPlan& plan, int64_t reps);

// For /meta: "PATH: UnreadFile::Describe", one line for each reference; "" without one.
std::string DescribeColdReferences(const RunPlan& plan);

}  // namespace plelab
