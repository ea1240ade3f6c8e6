// Compares variants with their baseline: the one implementation of every statistic about times.  Its rows are
// /tables/comparisons; the terminal, the report and the figures only read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"

namespace plelab {

// Half the width of the 95 % interval of `mean_difference` as a share of the baseline's mean step; NaN
// without an interval.
double RelativeHalfWidth(const std::vector<StepRow>& steps, const std::string& variant,
                         const std::string& baseline);

// True where a mean difference and the same freed of predecessors differ by more than the margin: then no
// difference of these steps decides.
bool PredecessorsMatter(const ComparisonRow& mean_difference, const ComparisonRow& direct_difference);

// All rows of /tables/comparisons; results/README.md says what each statistic is.  Needs variants, reps and
// steps of `record`.
std::vector<ComparisonRow> CompareVariants(const Record& record, const DesignSection& design);

}  // namespace plelab
