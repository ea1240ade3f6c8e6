// What accuracy is scored on, and the mathematics: from logits to nats, divergence and agreement.
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

// How well logits foretell the tokens that came, and how they compare with a reference's.
struct TokenScores {
  std::vector<double> nats;  // −ln p(token)
  std::vector<double> kl;    // KL(reference ‖ this), nats; NaN without a reference
  // 1 where the likeliest token is the reference's, else 0; NaN without a reference.
  std::vector<double> agree;

  void Append(const TokenScores& other);
};

// logits, reference [n, vocab] float32; targets [n] ids in [0, vocab).  `reference` may be undefined.
TokenScores ScoreTokens(const torch::Tensor& logits, std::span<const int64_t> targets,
                        const torch::Tensor& reference);

// The windows of a text: each bos and then up to context − 1 tokens, `max_tokens` scored in all.
std::vector<std::vector<int64_t>> ScoredWindows(std::span<const int64_t> ids, int64_t bos, int64_t context,
                                                int64_t max_tokens);

inline constexpr int64_t kTokenBlock = 64;  // neighbouring tokens share a topic: resampled together

// The text that accuracy is scored on, cut into windows.
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
