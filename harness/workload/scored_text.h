// The text on which accuracy is scored, cut into windows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/workload/token_text.h"

namespace plelab {

// Cuts a text into windows of bos followed by up to context − 1 tokens.  All windows together score at most
// `max_tokens` tokens.
std::vector<std::vector<int64_t>> ScoredWindows(std::span<const int64_t> ids, int64_t bos, int64_t context,
                                                int64_t max_tokens);

struct ScoredText {
  std::string task;                           // the name of the text
  std::vector<std::vector<int64_t>> windows;  // each starts with bos, which is not scored
  double bytes = kNotMeasured;                // UTF-8 bytes of the scored tokens; NaN when only ids are known
};

// Throws UserError for a text without tokens.
ScoredText CutScoredText(const TokenText& text, const AccuracySection& section, int64_t bos);

}  // namespace plelab
