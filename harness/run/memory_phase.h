// Where the bytes are while a variant works: a process of its own per (variant, repetition), one alive at a
// time.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Runs design.memory_reps rounds, each in an order of its own.  Finished parts are not run again; a child
// that dies marks its variant as failed.  Throws Interrupted and RunError (a part cannot be written).
void RunMemoryPhase(PhaseContext& context);

// The child's side: makes a plan of the one variant, loads, reads the prompt and decodes.  Its record has the
// rows of /tables/memory for each of these phases (loaded, prefill, decode).  Throws what the variant throws.
Record MeasureMemory(const ExperimentConfig& config, int64_t variant, int64_t rep);

}  // namespace plelab
