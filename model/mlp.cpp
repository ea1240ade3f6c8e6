#include "model/mlp.h"

#include "model/ops.h"

namespace plelab {
namespace {

MlpWeights FirstUnits(const MlpWeights& w, int64_t width) {
  if (width == w.gate_proj.out) return w;
  return {.gate_proj = FirstOutputs(w.gate_proj, width),
          .up_proj = FirstOutputs(w.up_proj, width),
          .down_proj = FirstInputs(w.down_proj, width)};
}

}  // namespace

torch::Tensor Mlp(const torch::Tensor& x, const MlpWeights& all_units, const LayerSpec& spec) {
  const MlpWeights w = FirstUnits(all_units, spec.ffn_width);
  const torch::Tensor gated =
      GatedGelu(Linear(x, w.gate_proj), Linear(x, w.up_proj), spec.activation_sparsity);
  return Linear(gated, w.down_proj);
}

}  // namespace plelab
