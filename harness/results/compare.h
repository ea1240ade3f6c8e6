// Compares results: which pairs may be compared at all, and what the comparison of each is.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

struct CompareOptions {
  // The aspects (machine, build, cache) in which the results may differ and times are compared all the same.
  std::vector<std::string> across = {};
  // Slower is a variant whose whole interval of B ÷ A lies above 1 + this; NaN: nobody asked.
  double fail_if_slower = std::numeric_limits<double>::quiet_NaN();
};

struct ResultComparison {
  std::string text;                 // what a terminal shows, at most 100 columns
  std::string refusal;              // why times are not compared, or cannot answer; ""
  std::vector<std::string> slower;  // the variants that are slower than asked
};

// Compares B with A.  Outputs and differences are in `text` even where times are refused: where machine,
// build or cache differ and `across` does not name them.  With fail_if_slower also where nothing can answer:
// no variant was timed in both, a control failed, or a variant has too few repetitions for an interval.
// The margin is that of A's config.
ResultComparison CompareResults(const std::string& path_a, const Record& a, const std::string& path_b,
                                const Record& b, const CompareOptions& options);

}  // namespace plelab
