// The text that accuracy is scored on, and the mathematics from logits to nats, divergence and agreement.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "model/checkpoint/checkpoint.h"

namespace plelab {

// How well logits predict the tokens that follow, and how they compare with a reference's logits.
struct TokenScores {
  std::vector<double> nats;  // −ln p(token)
  std::vector<double> kl;    // KL(reference ‖ this) in nats; NaN without a reference
  // 1 if the likeliest token is also the reference's, else 0; NaN without a reference.
  std::vector<double> agree;

  void Append(const TokenScores& other);
};

// logits and reference are [n, vocab] float32, targets [n] ids in [0, vocab).  `reference` may be undefined.
TokenScores ScoreTokens(const torch::Tensor& logits, std::span<const int64_t> targets,
                        const torch::Tensor& reference);

// The windows of a text, each bos and up to context − 1 tokens, with `max_tokens` scored in all.
std::vector<std::vector<int64_t>> ScoredWindows(std::span<const int64_t> ids, int64_t bos, int64_t context,
                                                int64_t max_tokens);

// Neighbouring tokens share a topic, so blocks of this many are resampled together.
inline constexpr int64_t kTokenBlock = 64;

// The text that accuracy is scored on, cut into windows.
struct ScoredText {
  std::string task;                           // the text's name
  std::vector<std::vector<int64_t>> windows;  // each starts with bos, which is not scored
  // UTF-8 bytes of the scored tokens; NaN when the text is not known.
  double bytes = kNotMeasured;
};

// Throws UserError as ReadTokenText does, and for a text without tokens.
ScoredText ReadScoredText(const AccuracySection& section, const Checkpoint& checkpoint);

// How many tokens of a window go through the model at once, so that all their logits fit in memory.
int64_t PieceTokens(int64_t vocab);

}  // namespace plelab
