// How long the prompt and each decode step take: repetitions until the stop rule is content.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// With `isolate: step` variants run side by side in this process, on one set of weights; with `isolate:
// process` each (variant, repetition) has a process of its own.  Finished repetitions are parts, and those
// already there are not run again.  A variant that fails is marked and left out.  Throws Interrupted, and
// RunError where a part cannot be written.
void RunTimePhase(PhaseContext& context);

// True when no further repetition is needed: design.reps are done and, where a rel_half_width is given, every
// live variant's paired difference to the baseline is known to that share of a step, or max_reps are done.
bool EnoughRepetitions(const PhaseContext& context, const VariantGroup& group, int64_t reps_done);

}  // namespace plelab
