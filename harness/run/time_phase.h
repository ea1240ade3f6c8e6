// Measures how long the prompt and each decode step take, with repetitions until the stop rule is satisfied.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// With `isolate: step` the variants of a group take turns, on one set of weights, and the repetitions are
// spread over design.processes processes (one process or a timeline: over this one); with `isolate: process`
// each (variant, repetition) has a process of its own.  Each finished repetition of a variant is a part, and
// existing parts are not run again.  A variant that fails is marked as failed and left out from then on.
// Throws Interrupted, and RunError when a part cannot be written.
void RunTimePhase(PhaseContext& context);

// The stop rule first looks at an interval after this many repetitions: looking earlier finds intervals that
// are narrow by chance (tests/harness/statistics/coverage_test.cpp simulates it).
inline constexpr int64_t kRepsBeforeStopping = 10;

// Which process measures repetition `rep`, counted from 0: the first design.reps are spread evenly over
// design.processes, and those that the stop rule adds go to further processes with as many repetitions each.
int64_t ProcessOf(const DesignSection& design, int64_t rep);

// True when no further repetition is needed: design.reps are done and, if a rel_half_width is given, half the
// width of the interval of every live variant's mean difference to the baseline is at most that share of a
// step after kRepsBeforeStopping or more, or max_reps are done.
bool EnoughRepetitions(const PhaseContext& context, const VariantGroup& group, int64_t reps_done);

}  // namespace plelab
