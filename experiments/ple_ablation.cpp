// Does a token embedding in each layer help, and where?  The accuracy of a model whose rows are taken away
// layer by layer, or replaced by rows that say less.
#include "experiments/accuracy_summary.h"
#include "experiments/experiment.h"
#include "harness/estimate.h"

namespace plelab {

Experiment PleAblation() { return {Run, EstimateOf, AccuracySummary}; }

}  // namespace plelab
