// Does a token embedding in each layer help, and where? Measures the accuracy of a model whose rows are taken
// away layer by layer, or replaced by rows that carry less information.
#include "experiments/questions/accuracy_summary.h"
#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"

namespace plelab {

Experiment PleAblation() { return {Run, EstimateOf, AccuracySummary}; }

}  // namespace plelab
