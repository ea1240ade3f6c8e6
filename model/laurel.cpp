#include "model/laurel.h"

#include "model/ops.h"

namespace plelab {

torch::Tensor Laurel(const torch::Tensor& x, const LaurelWeights& w, const TextConfig& c) {
  const torch::Tensor low_rank = Linear(Linear(x, w.linear_left), w.linear_right);
  return x + RmsNorm(low_rank, w.post_laurel_norm, c.rms_norm_eps);
}

}  // namespace plelab
