// The mathematics of accuracy: from logits to nats, divergence and agreement.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

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

inline constexpr int64_t kTokenBlock =
    64;  // neighbouring tokens share a topic, so they are resampled together

// How many tokens of a window go through the model at once, so that all their logits fit in memory.
int64_t PieceTokens(int64_t vocab);

}  // namespace plelab
