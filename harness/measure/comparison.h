// Compares variants with their baseline step by step, for both the stop rule and the summary.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/support/statistics.h"

namespace plelab {

// Neighbouring steps are resampled in blocks of this length, because the state of the machine affects them
// alike.
inline constexpr int64_t kStepBlock = 32;
inline constexpr int64_t kResamples = 1000;

// For each repetition, the differences step_ns(variant) − step_ns(baseline) at equal steps.
std::vector<std::vector<double>> PairedStepDifferences(const std::vector<StepRow>& steps,
                                                       const std::string& variant,
                                                       const std::string& baseline);
// The mean difference in ns per step, with its 95 % interval.
Interval PairedDifferenceNs(const std::vector<StepRow>& steps, const std::string& variant,
                            const std::string& baseline, int64_t seed);
// Half the width of that interval as a share of the baseline's mean step time; NaN when there is too little
// data.
double RelativeHalfWidth(const std::vector<StepRow>& steps, const std::string& variant,
                         const std::string& baseline, int64_t seed);

}  // namespace plelab
