// The text that accuracy is scored on, cut into windows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment_config.h"
#include "harness/record.h"
#include "model/checkpoint.h"

namespace plelab {

inline constexpr int64_t kTokenBlock = 64;  // neighbouring tokens share a topic: resampled together

struct ScoredText {
  std::string task;                           // the text's name
  std::vector<std::vector<int64_t>> windows;  // each starts with bos, which is not scored
  double bytes = kNotMeasured;  // UTF-8 bytes of the scored tokens; NaN where the text is not known
};

// Throws UserError as ReadTokenText, and for a text without tokens.
ScoredText ReadScoredText(const AccuracySection& section, const Checkpoint& checkpoint);

// How many tokens of a window go through the model at once, so that all their logits fit in memory.
int64_t PieceTokens(int64_t vocab);

}  // namespace plelab
