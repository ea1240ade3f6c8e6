// AltUp against the formulas of Gemma3nTextAltUp, written out with few ATen operations.
#include "model/text/altup.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace plelab {
namespace altup_test {

constexpr int64_t kStreams = 3, kHidden = 8, kActive = 1;

LinearWeight Weight(const torch::Tensor& values) {
  LinearWeight weight;
  weight.values = values;
  weight.out = values.size(0);
  weight.in = values.size(1);
  return weight;
}

struct AltUp {
  AltUp() {
    torch::manual_seed(4);
    config.hidden_size = kHidden;
    config.altup_num_inputs = kStreams;
    config.altup_active_idx = kActive;
    config.rms_norm_eps = 1e-6;
    weights.router_norm = torch::randn({kHidden});
    weights.modality_router = Weight(torch::randn({kStreams, kHidden}) * 8);
    weights.correction_coefs = Weight(torch::randn({kStreams, kStreams}));
    weights.prediction_coefs = Weight(torch::randn({kStreams * kStreams, kStreams}));
    for (int64_t i = 0; i < kStreams; ++i) streams.push_back(torch::randn({2, 5, kHidden}));
    activated = torch::randn({2, 5, kHidden});
  }
  // tanh(router(norm(x) / hidden)), [B, T, n].
  torch::Tensor Modalities(const torch::Tensor& x) const {
    const torch::Tensor normed =
        x / (x.square().mean(-1, true) + config.rms_norm_eps).sqrt() * weights.router_norm / kHidden;
    return normed.matmul(weights.modality_router.values.t()).tanh();
  }
  // predictions + (activated − predictions[active]) · (coefs + 1).
  AltUpStreams Corrected(const torch::Tensor& correction_coefs) const {
    const torch::Tensor coefs = Modalities(activated).matmul(correction_coefs.t()) + 1;
    AltUpStreams corrected;
    for (int64_t i = 0; i < kStreams; ++i) {
      corrected.push_back(streams[i] + (activated - streams[kActive]) * coefs.narrow(-1, i, 1));
    }
    return corrected;
  }

  TextConfig config;
  AltUpWeights weights;
  AltUpStreams streams;
  torch::Tensor activated;
};

void ExpectClose(const AltUpStreams& a, const AltUpStreams& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].allclose(b[i], 1e-5, 1e-5)) << "stream " << i;
}

bool AreClose(const AltUpStreams& a, const AltUpStreams& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i].allclose(b[i], 1e-3, 1e-3)) return false;
  }
  return true;
}

TEST(AltUpTest, ClipsCorrectionsInTrainingAndNeverOutsideOfIt) {
  AltUp altup;
  altup.config.altup_coef_clip = 0.25;
  const torch::Tensor free = altup.weights.correction_coefs.values.clone();
  const torch::Tensor clipped = free.clamp(-0.25, 0.25);
  ASSERT_GT(free.max().item<double>(), 0.25) << "on both sides";
  ASSERT_LT(free.min().item<double>(), -0.25);
  const auto correct = [&](bool training) {
    return AltUpCorrect(altup.streams, altup.activated, altup.weights, altup.config, training);
  };
  ExpectClose(correct(false), altup.Corrected(free));
  ExpectClose(correct(true), altup.Corrected(clipped));
  EXPECT_FALSE(AreClose(correct(false), correct(true)));
  EXPECT_TRUE(altup.weights.correction_coefs.values.equal(free)) << "the weights stay as they are";
}

TEST(AltUpTest, WithoutAClipTrainingCorrectsAsInferenceDoes) {
  const AltUp altup;
  ASSERT_FALSE(altup.config.altup_coef_clip);
  ExpectClose(AltUpCorrect(altup.streams, altup.activated, altup.weights, altup.config, true),
              altup.Corrected(altup.weights.correction_coefs.values));
}

// Row `to`, column `from` of the [n, n] matrix of a token; the streams themselves are added.
TEST(AltUpTest, PredictsEachStreamFromAll) {
  const AltUp altup;
  const torch::Tensor coefs = altup.Modalities(altup.streams[kActive])
                                  .matmul(altup.weights.prediction_coefs.values.t())
                                  .view({2, 5, kStreams, kStreams});
  AltUpStreams expected;
  for (int64_t to = 0; to < kStreams; ++to) {
    torch::Tensor sum = altup.streams[to];
    for (int64_t from = 0; from < kStreams; ++from) {
      sum = sum + altup.streams[from] * coefs.select(2, to).select(2, from).unsqueeze(-1);
    }
    expected.push_back(sum);
  }
  ExpectClose(AltUpPredict(altup.streams, altup.weights, altup.config), expected);
}

torch::Tensor Rms(const torch::Tensor& x) { return x.square().mean(-1, true).sqrt(); }

TEST(AltUpTest, ExpandedStreamsHaveTheEmbeddingsMagnitude) {
  torch::manual_seed(5);
  const torch::Tensor embeds = torch::randn({2, 3, kHidden}) * 7, first = torch::randn({kHidden, kHidden}),
                      second = torch::randn({kHidden, kHidden});
  const AltUpStreams streams = AltUpExpand(embeds, {Weight(first), Weight(second)});
  ASSERT_EQ(streams.size(), 3u);
  EXPECT_TRUE(streams[0].equal(embeds));
  const torch::Tensor plain = embeds.matmul(second.t());
  EXPECT_TRUE(streams[2].allclose(plain / Rms(plain) * Rms(embeds), 1e-5, 1e-5));
  EXPECT_FALSE(streams[1].allclose(streams[2]));
}

TEST(AltUpTest, MergesToTheMeanOfStreamsOfOneMagnitude) {
  const AltUp altup;
  const torch::Tensor first = torch::randn({kHidden, kHidden}), second = torch::randn({kHidden, kHidden});
  const torch::Tensor target = Rms(altup.streams[0]);
  const auto back = [&](int64_t i, const torch::Tensor& weight) {
    const torch::Tensor plain = altup.streams[i].matmul(weight.t());
    return plain / Rms(plain) * target;
  };
  const torch::Tensor expected = (altup.streams[0] + back(1, first) + back(2, second)) / 3;
  EXPECT_TRUE(AltUpMerge(altup.streams, {Weight(first), Weight(second)}).allclose(expected, 1e-5, 1e-5));
}

TEST(AltUpTest, ClampsThePredictionCoefficientsOfEveryLayer) {
  TextWeights weights;
  weights.layers.resize(2);
  for (DecoderLayerWeights& layer : weights.layers) {
    layer.altup.prediction_coefs = Weight(torch::tensor({-3.0f, -0.5f, 0.25f, 2.0f}).view({2, 2}));
  }
  TextConfig config;
  ClampPredictionCoefs(weights, config);
  EXPECT_EQ(weights.layers[0].altup.prediction_coefs.values[0][0].item<float>(), -3) << "no clip, no clamp";
  config.altup_coef_clip = 1.5;
  ClampPredictionCoefs(weights, config);
  for (const DecoderLayerWeights& layer : weights.layers) {
    EXPECT_TRUE(
        layer.altup.prediction_coefs.values.equal(torch::tensor({-1.5f, -0.5f, 0.25f, 1.5f}).view({2, 2})));
  }
}

// The mean square of a projection counts as at least 1e-5.
TEST(AltUpTest, AWeakProjectionIsNotBlownUp) {
  const torch::Tensor embeds = torch::tensor({3.0f, 4.0f}).view({1, 1, 2}), one = torch::eye(2);
  const double target = std::sqrt(12.5), least = std::sqrt(1e-5);
  const AltUpStreams streams = AltUpExpand(embeds, {Weight(one * 1e-4), Weight(torch::zeros({2, 2}))});
  EXPECT_NEAR(streams[1][0][0][0].item<double>(), 3e-4 / least * target, 1e-5);
  EXPECT_EQ(streams[2].abs().max().item<double>(), 0);
  const torch::Tensor merged = AltUpMerge({embeds, embeds}, {Weight(one * 1e-4)});
  EXPECT_NEAR(merged[0][0][1].item<double>(), (4 + 4e-4 / least * target) / 2, 1e-5);
}

TEST(AltUpTest, AnEmbeddingOfZerosHasAFiniteGradient) {
  const torch::Tensor embeds = torch::zeros({1, 1, 3}).requires_grad_(true);
  AltUpExpand(embeds, {Weight(torch::eye(3))})[1].sum().backward();
  EXPECT_TRUE(embeds.grad().isfinite().all().item<bool>());
}

}  // namespace altup_test
}  // namespace plelab
