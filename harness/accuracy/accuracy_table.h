// Turns the scores of tokens into the rows of /tables/accuracy and /tables/tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/accuracy/scoring.h"
#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/workload/scored_text.h"

namespace plelab {

// `baseline` holds the baseline's scores of the same tokens, or is nullptr when there is none.
std::vector<AccuracyRow> AccuracyRows(const std::string& variant, const ScoredText& text,
                                      const TokenScores& scores, const TokenScores* baseline,
                                      const AccuracySection& section, int64_t seed);
// One row per scored token of `scores`, which may cover less than the whole text.
std::vector<TokenRow> TokenRows(const std::string& variant, const ScoredText& text,
                                const TokenScores& scores);

}  // namespace plelab
