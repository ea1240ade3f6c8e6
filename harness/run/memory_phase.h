// Measures where the memory of a variant is while it works, in one process per (variant, repetition), of
// which one is alive at a time.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Runs design.memory_reps rounds, each with its own order of variants.  Parts that are finished are not run
// again, and a variant whose child dies is marked as failed.  Throws Interrupted, and RunError when a part
// cannot be written.
void RunMemoryPhase(PhaseContext& context);

// The child's side: makes a plan of the one variant, loads the model, reads the prompt and decodes.  The
// returned record has the rows of /tables/memory for each of these phases (loaded, prefill, decode).  Throws
// what the variant throws.
Record MeasureMemory(const ExperimentConfig& config, int64_t variant, int64_t rep);

}  // namespace plelab
