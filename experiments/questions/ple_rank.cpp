// Is the table a signal of low rank?  The accuracy of the model against the bytes that its table takes: as
// thin factors, in fewer bits, from a book of few rows.
#include "experiments/questions/accuracy_summary.h"
#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"

namespace plelab {

Experiment PleRank() { return {Run, EstimateOf, AccuracySummary}; }

}  // namespace plelab
