// Measures what PLE adds to the streams, layer by layer: a phase of ple_contribution, after accuracy.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Runs the windows of `accuracy:` through the group's first exact variant that has not failed, with its rows
// unchanged, and observes every list position.  Writes /curves/ple_contribution (results/README.md).  Each
// token of the text is observed once; bos is not, because it stands in the same context at the start of every
// window.  Holds the additions of all tokens in memory: ContributionBytes.  Throws Interrupted, RunError,
// UserError.
void RunContributionPhase(PhaseContext& context);

int64_t ContributionBytes(const TextConfig& config, const AccuracySection& section);

}  // namespace plelab
