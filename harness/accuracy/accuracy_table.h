// From scores of tokens to the rows of /tables/accuracy and /tables/tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/accuracy/scoring.h"
#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/workload/scored_text.h"

namespace plelab {

// `baseline`: scores of the baseline on the same tokens, null where there is none.
std::vector<AccuracyRow> AccuracyRows(const std::string& variant, const ScoredText& text,
                                      const TokenScores& scores, const TokenScores* baseline,
                                      const AccuracySection& section, int64_t seed);
// One row per scored token of `scores`, which may hold fewer than the text.
std::vector<TokenRow> TokenRows(const std::string& variant, const ScoredText& text,
                                const TokenScores& scores);

}  // namespace plelab
