#include "model/text/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/ops/ops.h"

namespace plelab {
namespace attention_test {

TextConfig Config(int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t window) {
  TextConfig c;
  c.hidden_size = 6;
  c.num_attention_heads = heads;
  c.num_key_value_heads = kv_heads;
  c.head_dim = head_dim;
  c.sliding_window = window;
  c.rms_norm_eps = 1e-6;
  c.rope_theta_full = 1e6;
  c.rope_theta_sliding = 1e4;
  return c;
}

LinearWeight Matrix(int64_t out, int64_t in) {
  return {torch::randn({out, in}) / std::sqrt(static_cast<double>(in)), WeightFormat::kFloat32,
          WeightLayout::kRowMajor, out, in};
}

AttentionWeights Weights(const TextConfig& c) {
  torch::manual_seed(0);
  AttentionWeights w;
  w.q_proj = Matrix(c.num_attention_heads * c.head_dim, c.hidden_size);
  w.k_proj = Matrix(c.num_key_value_heads * c.head_dim, c.hidden_size);
  w.v_proj = Matrix(c.num_key_value_heads * c.head_dim, c.hidden_size);
  w.o_proj = Matrix(c.hidden_size, c.num_attention_heads * c.head_dim);
  w.q_norm = 1 + 0.2 * torch::randn({c.head_dim});
  w.k_norm = 1 + 0.2 * torch::randn({c.head_dim});
  return w;
}

// Textbook attention: every score at once, keys repeated for each head of a group, one mask.
torch::Tensor Textbook(const torch::Tensor& x, const KeysValues& kv, const AttentionWeights& w,
                       const RopeTable& rope, int64_t window, const TextConfig& c) {
  const auto q = RmsNorm(Linear(x, w.q_proj).unflatten(-1, {-1, c.head_dim}), w.q_norm, c.rms_norm_eps);
  const int64_t group = c.num_attention_heads / c.num_key_value_heads, tokens = x.size(1);
  const auto scores =
      torch::matmul(ApplyRope(q, rope).transpose(1, 2), kv.keys.repeat_interleave(group, 1).transpose(2, 3));
  const auto distance = torch::arange(tokens).unsqueeze(1) - torch::arange(tokens);
  const auto hidden = distance.lt(0).logical_or(distance.ge(window));
  const auto weights = scores.masked_fill(hidden, -std::numeric_limits<float>::infinity()).softmax(-1);
  return Linear(torch::matmul(weights, kv.values.repeat_interleave(group, 1)).transpose(1, 2).flatten(2),
                w.o_proj);
}

void ExpectTextbook(const TextConfig& c, int64_t batch, int64_t tokens) {
  const AttentionWeights w = Weights(c);
  const auto x = torch::randn({batch, tokens, c.hidden_size});
  for (const LayerType type : {LayerType::kSliding, LayerType::kFull}) {
    const RopeTable rope = MakeRope(c, type, 0, tokens, torch::kCPU);
    const KeysValues kv = MakeKeysValues(x, w, rope, 0, c);
    const auto got = Attention(x, kv, w, rope, 0, type, c);
    const int64_t window = type == LayerType::kSliding ? c.sliding_window : tokens;
    EXPECT_TRUE(torch::allclose(got, Textbook(x, kv, w, rope, window, c), 1e-4, 1e-5));
  }
}

TEST(Attention, IsTheTextbooksOnGroupedHeads) {
  ExpectTextbook(Config(6, 2, 4, 3), /*batch=*/3, /*tokens=*/11);
}

// 2 heads · 3000² scores are more than one block holds.
TEST(Attention, IsTheTextbooksInSeveralBlocksOfQueries) { ExpectTextbook(Config(2, 1, 2, 700), 1, 3000); }

// Gradients with respect to the input, through queries, keys and values, over several blocks of queries.
TEST(Attention, ItsGradientIsTheTextbooks) {
  const TextConfig c = Config(4, 2, 6, 70);
  const AttentionWeights w = Weights(c);
  const auto values = torch::randn({2, 300, c.hidden_size});
  for (const LayerType type : {LayerType::kSliding, LayerType::kFull}) {
    const RopeTable rope = MakeRope(c, type, 0, 300, torch::kCPU);
    const int64_t window = type == LayerType::kSliding ? c.sliding_window : 300;
    const auto gradient = [&](const auto& attend) {
      auto x = values.clone().requires_grad_(true);
      const torch::Tensor y = attend(x, MakeKeysValues(x, w, rope, 0, c));
      (y * torch::linspace(-1, 1, y.numel()).view_as(y)).sum().backward();
      return x.grad();
    };
    const auto got =
        gradient([&](const auto& x, const auto& kv) { return Attention(x, kv, w, rope, 0, type, c); });
    const auto expected =
        gradient([&](const auto& x, const auto& kv) { return Textbook(x, kv, w, rope, window, c); });
    EXPECT_TRUE(torch::allclose(got, expected, 1e-3, 1e-4));
  }
}

TEST(Attention, ASlidingLayerSeesWindowPositionsCountingItsOwn) {
  const TextConfig c = Config(1, 1, 2, 3);
  const AttentionWeights w = Weights(c);
  auto x = torch::randn({1, 8, c.hidden_size});
  const auto last = [&](const torch::Tensor& input) {
    const RopeTable rope = MakeRope(c, LayerType::kSliding, 0, 8, torch::kCPU);
    return Attention(input, MakeKeysValues(input, w, rope, 0, c), w, rope, 0, LayerType::kSliding, c)[0][7]
        .clone();
  };
  const auto before = last(x);
  auto far = x.clone();
  far[0][4] += 1;  // 7 − 4 = window: masked
  EXPECT_TRUE(last(far).equal(before));
  auto near = x.clone();
  near[0][5] += 1;
  EXPECT_FALSE(torch::allclose(last(near), before));
}

// Far positions check the angle itself: position · base^(−i / (head_dim / 2)).
TEST(Rope, AnglesOfFarPositions) {
  const TextConfig c = Config(1, 1, 4, 3);
  const RopeTable rope = MakeRope(c, LayerType::kFull, 30000, 2, torch::kCPU);
  for (int64_t i = 0; i < 2; ++i) {
    const double angle = 30001 * std::pow(1e6, -static_cast<double>(i) / 2);
    EXPECT_NEAR(rope.cos[1][i].item<double>(), std::cos(angle), 2e-3) << i;
    EXPECT_NEAR(rope.sin[1][i].item<double>(), std::sin(angle), 2e-3) << i;
  }
}

TEST(Rope, RotatesPairsHalfAHeadApart) {
  const TextConfig c = Config(1, 1, 4, 3);
  const RopeTable rope = MakeRope(c, LayerType::kSliding, 1, 1, torch::kCPU);
  const auto y = ApplyRope(torch::tensor({1.0f, 0.0f, 0.0f, 0.0f}).view({1, 1, 1, 4}), rope).flatten();
  EXPECT_NEAR(y[0].item<double>(), std::cos(1.0), 1e-6);
  EXPECT_NEAR(y[2].item<double>(), std::sin(1.0), 1e-6);
  EXPECT_EQ(y[1].item<double>(), 0);
}

}  // namespace attention_test
}  // namespace plelab
