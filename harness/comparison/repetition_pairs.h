// The values of a metric by repetition, and those of two variants in the repetitions that both have.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/statistics/tail.h"

namespace plelab {

using Reps = std::map<int64_t, Series>;

// The times of the variant's steps, in ns.
Reps StepTimes(const std::vector<StepRow>& steps, const std::string& variant);

// A metric that has one value in each repetition, such as &RepRow::ttft_ns.
Reps OncePerRep(const std::vector<RepRow>& rows, const std::string& variant, int64_t RepRow::*metric);

struct RepetitionPairs {
  std::vector<Series> variant, baseline;

  template <class F>
  std::vector<double> Each(F f) const {
    std::vector<double> values;
    for (size_t i = 0; i < variant.size(); ++i) values.push_back(f(variant[i], baseline[i]));
    return values;
  }

  // One value for each repetition.
  std::vector<double> MeanDifferences() const;
  std::vector<double> BaselineMeans() const;
};

RepetitionPairs PairsOf(const Reps& variant, const Reps& baseline);

}  // namespace plelab
