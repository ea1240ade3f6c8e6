// Is the table a low-rank signal? Measures the accuracy of the model against the bytes that its table takes:
// as thin factors, in fewer bits, or from a codebook of few rows.
#include "experiments/questions/accuracy_summary.h"
#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"

namespace plelab {

Experiment PleRank() { return {Run, EstimateOf, AccuracySummary}; }

}  // namespace plelab
