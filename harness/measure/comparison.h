// Variants against their baseline, step by step: the stop rule and the summary ask the same question.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/support/statistics.h"

namespace plelab {

inline constexpr int64_t kStepBlock = 32;  // neighbouring steps share the machine's mood: resampled together
inline constexpr int64_t kResamples = 1000;

// Per repetition the differences step_ns(variant) − step_ns(baseline) at equal steps.
std::vector<std::vector<double>> PairedStepDifferences(const std::vector<StepRow>& steps,
                                                       const std::string& variant,
                                                       const std::string& baseline);
// Mean difference in ns per step with its 95 % interval.
Interval PairedDifferenceNs(const std::vector<StepRow>& steps, const std::string& variant,
                            const std::string& baseline, int64_t seed);
// Half the width of that interval as a share of the baseline's mean step; NaN where it cannot be told.
double RelativeHalfWidth(const std::vector<StepRow>& steps, const std::string& variant,
                         const std::string& baseline, int64_t seed);

}  // namespace plelab
