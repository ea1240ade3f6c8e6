#include "model/altup.h"

#include "model/matmul.h"
#include "model/ops.h"

namespace plelab {
namespace {

// The reference's smallest square of a projected magnitude.
constexpr double kMinSquare = 1e-5;
// The target has no lower bound in the reference, where an all-zero embedding gets a NaN gradient; here it
// gets none.
constexpr double kMinTargetSquare = 1e-30;

torch::Tensor MeanSquare(const torch::Tensor& x) { return x.square().mean(-1, /*keepdim=*/true); }

// x with the magnitude (root mean square) of its row replaced.
torch::Tensor WithMagnitude(const torch::Tensor& x, const torch::Tensor& magnitude) {
  return x * magnitude / MeanSquare(x).clamp_min(kMinSquare).sqrt();
}

torch::Tensor Magnitude(const torch::Tensor& x) { return MeanSquare(x).clamp_min(kMinTargetSquare).sqrt(); }

// [B, T, hidden] → [B, T, n] in (−1, 1).
torch::Tensor RouterModalities(const torch::Tensor& x, const AltUpWeights& w, const TextConfig& c) {
  const torch::Tensor inputs =
      RmsNorm(x, w.router_norm, c.rms_norm_eps) * (1.0 / static_cast<double>(c.hidden_size));
  return MatMul(inputs, w.modality_router).tanh();
}

}  // namespace

torch::Tensor AltUpExpand(const torch::Tensor& embeds, const std::vector<LinearWeight>& projections) {
  const torch::Tensor target = Magnitude(embeds);
  std::vector<torch::Tensor> streams = {embeds};
  for (const LinearWeight& projection : projections) {
    streams.push_back(WithMagnitude(Linear(embeds, projection), target));
  }
  return torch::stack(streams);
}

torch::Tensor AltUpPredict(const torch::Tensor& streams, const AltUpWeights& w, const TextConfig& c) {
  const int64_t n = c.altup_num_inputs;
  const int64_t batch = streams.size(1), tokens = streams.size(2), hidden = streams.size(3);
  const torch::Tensor modalities = RouterModalities(streams[c.altup_active_idx], w, c);
  // Per token an [n, n] matrix: row `to`, column `from`.
  const torch::Tensor coefs = MatMul(modalities, w.prediction_coefs).reshape({batch * tokens, n, n});
  const torch::Tensor by_token = streams.permute({1, 2, 0, 3}).reshape({batch * tokens, n, hidden});
  const torch::Tensor predictions = torch::baddbmm(by_token, coefs, by_token);
  return predictions.view({batch, tokens, n, hidden}).permute({2, 0, 1, 3});
}

torch::Tensor AltUpCorrect(const torch::Tensor& predictions, const torch::Tensor& activated,
                           const AltUpWeights& w, const TextConfig& c, bool training) {
  const torch::Tensor modalities = RouterModalities(activated, w, c);
  LinearWeight correction = w.correction_coefs;
  if (training && c.altup_coef_clip) {
    correction.values = correction.values.clamp(-*c.altup_coef_clip, *c.altup_coef_clip);
  }
  const torch::Tensor coefs = MatMul(modalities, correction) + 1.0;  // [B, T, n]
  const torch::Tensor innovation = activated - predictions[c.altup_active_idx];
  return torch::addcmul(predictions, innovation, coefs.permute({2, 0, 1}).unsqueeze(-1));
}

torch::Tensor AltUpMerge(const torch::Tensor& streams, const std::vector<LinearWeight>& unembed_projections) {
  const torch::Tensor target = Magnitude(streams[0]);
  torch::Tensor sum = streams[0];
  for (size_t i = 0; i < unembed_projections.size(); ++i) {
    const auto stream = static_cast<int64_t>(i) + 1;
    sum = sum + WithMagnitude(Linear(streams[stream], unembed_projections[i]), target);
  }
  return sum / static_cast<double>(streams.size(0));
}

void ClampPredictionCoefs(const TextWeights& w, const TextConfig& c) {
  if (!c.altup_coef_clip) return;
  const at::NoGradGuard no_grad;
  for (const DecoderLayerWeights& layer : w.layers) {
    torch::Tensor coefs = layer.altup.prediction_coefs.values;
    coefs.clamp_(-*c.altup_coef_clip, *c.altup_coef_clip);
  }
}

}  // namespace plelab
