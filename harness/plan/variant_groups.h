// Which variants of a plan take turns with each other, and with what each of them is compared.
#pragma once

#include "harness/plan/run_plan.h"

namespace plelab {

// True when the variants of a group take turns in one process (`isolate: step`).
bool TakesTurns(const ExperimentConfig& config);

// Fills plan.groups, and the group, the baseline and the name of the group in each variant of the plan.  Adds
// to the plan a copy of the baseline, `<baseline>@<group>`, in each named group that has none of its own, and
// a twin of each group's baseline, `<baseline>@control`, which is timed only.  Variants that do not take
// turns form one group whatever `group` they name. Throws UserError where such a name is one of the config's
// own.
void FormGroups(RunPlan& plan);

}  // namespace plelab
