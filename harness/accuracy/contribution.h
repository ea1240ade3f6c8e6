// What PLE adds to the streams, layer by layer: a phase of ple_contribution, after accuracy.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Runs the windows of `accuracy:` through the group's first exact variant that is alive, its rows as they
// are, and watches every list position: /curves/ple_contribution (results/README.md).  Each token of the text
// is looked at once; bos, which stands in the same context at the start of every window, is not.  Holds the
// additions of all tokens in memory: ContributionBytes.  Throws Interrupted, RunError, UserError.
void RunContributionPhase(PhaseContext& context);

int64_t ContributionBytes(const TextConfig& config, const AccuracySection& section);

}  // namespace plelab
