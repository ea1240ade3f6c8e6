// The mathematics of accuracy: from logits to nats, divergence and agreement.  No file, no model.
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
  std::vector<double>
      agree;  // 1 where the likeliest token is the reference's, else 0; NaN without a reference

  void Append(const TokenScores& other);
};

// logits, reference [n, vocab] float32; targets [n] ids in [0, vocab).  `reference` may be undefined.
TokenScores ScoreTokens(const torch::Tensor& logits, std::span<const int64_t> targets,
                        const torch::Tensor& reference);

// The windows of a text: each bos and then up to context − 1 tokens, `max_tokens` scored in all.
std::vector<std::vector<int64_t>> ScoredWindows(std::span<const int64_t> ids, int64_t bos, int64_t context,
                                                int64_t max_tokens);

}  // namespace plelab
