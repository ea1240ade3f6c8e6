// The divergence has a direction: expected values of two distributions whose divergences differ.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "harness/accuracy/scoring.h"

namespace plelab {
namespace divergence_test {

torch::Tensor Logits(const std::vector<float>& p) { return at::log(torch::tensor(p)).unsqueeze(0); }

double Kl(const torch::Tensor& logits, const torch::Tensor& reference) {
  const std::vector<int64_t> target = {0};
  return ScoreTokens(logits, target, reference).kl.at(0);
}

// p = (1/2, 1/2) and q = (9/10, 1/10):
//   KL(p ‖ q) = ½ ln(5/9) + ½ ln 5 = ln(5/3),   KL(q ‖ p) = 0.9 ln 1.8 + 0.1 ln 0.2.
TEST(Divergence, IsThatOfTheReferenceFromTheVariant) {
  const torch::Tensor p = Logits({0.5f, 0.5f}), q = Logits({0.9f, 0.1f});
  const double of_p = std::log(5.0 / 3.0), of_q = 0.9 * std::log(1.8) + 0.1 * std::log(0.2);
  ASSERT_GT(of_p - of_q, 0.1) << "the two directions differ";
  EXPECT_NEAR(Kl(/*logits=*/q, /*reference=*/p), of_p, 1e-6);
  EXPECT_NEAR(Kl(/*logits=*/p, /*reference=*/q), of_q, 1e-6);
}

// Against a uniform distribution of four: ln 4 − H one way, −ln 4 − mean of ln p the other way.
TEST(Divergence, IsWeightedByTheReferencesProbabilities) {
  const torch::Tensor skew = Logits({0.7f, 0.1f, 0.1f, 0.1f}), even = Logits({1, 1, 1, 1});
  EXPECT_NEAR(Kl(even, skew), 0.7 * std::log(2.8) + 0.3 * std::log(0.4), 1e-6);
  EXPECT_NEAR(Kl(skew, even), -0.25 * (std::log(2.8) + 3 * std::log(0.4)), 1e-6);
}

TEST(Divergence, EachTokenHasItsOwn) {
  const torch::Tensor reference = at::cat({Logits({0.5f, 0.5f}), Logits({0.9f, 0.1f})});
  const torch::Tensor logits = at::cat({Logits({0.9f, 0.1f}), Logits({0.9f, 0.1f})});
  const std::vector<int64_t> targets = {1, 0};
  const TokenScores scores = ScoreTokens(logits, targets, reference);
  EXPECT_NEAR(scores.kl.at(0), std::log(5.0 / 3.0), 1e-6);
  EXPECT_NEAR(scores.kl.at(1), 0, 1e-6);
  EXPECT_NEAR(scores.nats.at(0), std::log(10.0), 1e-5);
  EXPECT_NEAR(scores.nats.at(1), -std::log(0.9), 1e-6);
}

TEST(Divergence, ScoresAreAppendedEachToItsOwn) {
  TokenScores scores{{1}, {10}, {100}};
  scores.Append({{2, 3}, {20, 30}, {200, 300}});
  EXPECT_EQ(scores.nats, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(scores.kl, (std::vector<double>{10, 20, 30}));
  EXPECT_EQ(scores.agree, (std::vector<double>{100, 200, 300}));
}

// 128 MiB of float32 logits, between 16 and 512 tokens.
TEST(Divergence, APieceOfAWindowHasLogitsOf128MiB) {
  EXPECT_EQ(PieceTokens(262'144), 128);
  EXPECT_EQ(PieceTokens(262'400), 127);
  EXPECT_EQ(PieceTokens(1000), 512);
  EXPECT_EQ(PieceTokens(4'000'000), 16);
}

}  // namespace divergence_test
}  // namespace plelab
