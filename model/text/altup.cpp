#include "model/text/altup.h"

#include <algorithm>

#include "model/kernels/training_math.h"
#include "model/ops/fused_ops.h"
#include "model/ops/matmul.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

// The reference's lower bound of a projected stream's mean square.
constexpr double kMinSquare = 1e-5;
// In the reference the target has no lower bound, so an all-zero embedding gets a NaN gradient; with this
// bound it gets none.
constexpr double kMinTargetSquare = 1e-30;

torch::Tensor MeanSquare(const torch::Tensor& x) { return x.square().mean(-1, /*keepdim=*/true); }

// x scaled so that the magnitude (root mean square) of each row is `magnitude`.
torch::Tensor WithMagnitude(const torch::Tensor& x, const torch::Tensor& magnitude) {
  return x * magnitude / MeanSquare(x).clamp_min(kMinSquare).sqrt();
}

torch::Tensor Magnitude(const torch::Tensor& x) { return MeanSquare(x).clamp_min(kMinTargetSquare).sqrt(); }

// [B, T, hidden] → [B, T, n] in (−1, 1).
torch::Tensor RouterModalities(const torch::Tensor& x, const AltUpWeights& w, const TextConfig& c) {
  const torch::Tensor normed = RmsNorm(x, w.router_norm, c.rms_norm_eps);
  // The router's scale, 1 / hidden, is applied after the product: to n numbers instead of hidden.
  return (MatMul(normed, w.modality_router) * (1.0 / static_cast<double>(c.hidden_size))).tanh();
}

bool CanFuseAll(const AltUpStreams& streams) {
  return std::ssize(streams) <= kMaxMixedStreams && std::ranges::all_of(streams, CanFuse);
}

}  // namespace

AltUpStreams AltUpExpand(const torch::Tensor& embeds, const std::vector<LinearWeight>& projections) {
  const torch::Tensor target = Magnitude(embeds);
  AltUpStreams streams = {embeds};
  for (const LinearWeight& projection : projections) {
    streams.push_back(WithMagnitude(Linear(embeds, projection), target));
  }
  return streams;
}

AltUpStreams MixStreamsUnfused(const AltUpStreams& streams, const torch::Tensor& coefs) {
  const auto n = std::ssize(streams);
  const torch::Tensor matrices = coefs.reshape({-1, n, n});
  const torch::Tensor by_token = torch::stack(streams, 2).flatten(0, 1);  // [B · T, n, hidden]
  const torch::Tensor mixed = torch::baddbmm(by_token, matrices, by_token);
  return mixed.view({coefs.size(0), coefs.size(1), n, -1}).unbind(2);
}

AltUpStreams AddInnovationUnfused(const AltUpStreams& predictions, const torch::Tensor& activated,
                                  const torch::Tensor& coefs, int64_t active) {
  const torch::Tensor innovation = activated - predictions[active];
  AltUpStreams corrected;
  for (size_t i = 0; i < predictions.size(); ++i) {
    corrected.push_back(
        torch::addcmul(predictions[i], innovation, coefs.narrow(-1, static_cast<int64_t>(i), 1)));
  }
  return corrected;
}

AltUpStreams AltUpPredict(const AltUpStreams& streams, const AltUpWeights& w, const TextConfig& c) {
  const torch::Tensor modalities = RouterModalities(streams[c.altup_active_idx], w, c);
  // Per token an [n, n] matrix with row `to` and column `from`.
  const torch::Tensor coefs = MatMul(modalities, w.prediction_coefs);
  return CanFuseAll(streams) ? FusedMixStreams(streams, coefs) : MixStreamsUnfused(streams, coefs);
}

AltUpStreams AltUpCorrect(const AltUpStreams& predictions, const torch::Tensor& activated,
                          const AltUpWeights& w, const TextConfig& c, bool training) {
  const torch::Tensor modalities = RouterModalities(activated, w, c);
  LinearWeight correction = w.correction_coefs;
  if (training && c.altup_coef_clip) {
    correction.values = correction.values.clamp(-*c.altup_coef_clip, *c.altup_coef_clip);
  }
  const torch::Tensor coefs = MatMul(modalities, correction) + 1.0;  // [B, T, n]
  return CanFuseAll(predictions) ? FusedAddInnovation(predictions, activated, coefs, c.altup_active_idx)
                                 : AddInnovationUnfused(predictions, activated, coefs, c.altup_active_idx);
}

torch::Tensor AltUpMerge(const AltUpStreams& streams, const std::vector<LinearWeight>& unembed_projections) {
  const torch::Tensor target = Magnitude(streams[0]);
  torch::Tensor sum = streams[0];
  for (size_t i = 0; i < unembed_projections.size(); ++i) {
    sum = sum + WithMagnitude(Linear(streams[i + 1], unembed_projections[i]), target);
  }
  return sum / static_cast<double>(streams.size());
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
