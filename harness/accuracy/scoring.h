// The mathematics of accuracy: from logits to nats, divergence and agreement.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

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

inline constexpr int64_t kTokenBlock = 64;  // neighbouring tokens share a topic: resampled together

// How many tokens of a window go through the model at once, so that all their logits fit in memory.
int64_t PieceTokens(int64_t vocab);

}  // namespace plelab
