// How long the prompt and each decode step take: repetitions until the stop rule is content.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// isolate: step: here, with one set of weights, variants side by side.  isolate: process: a process per
// (variant, rep). Finished repetitions are parts; those already there are not run again.  A variant that
// fails is marked and left out. Throws Interrupted, RunError (a part cannot be written), UserError (text too
// short, …).
void RunTimePhase(PhaseContext& context);

// True when no further repetition is needed: design.reps done and, where a rel_half_width is given, every
// live variant's paired difference to the baseline known to that share of a step, or max_reps done.
bool EnoughRepetitions(const PhaseContext& context, const VariantGroup& group, int64_t reps_done);

}  // namespace plelab
