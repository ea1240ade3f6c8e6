#include "model/ops/rope.h"

namespace plelab {

RopeTable MakeRope(const TextConfig& config, LayerType type, int64_t start, int64_t count,
                   torch::Device device) {
  const double base = type == LayerType::kFull ? config.rope_theta_full : config.rope_theta_sliding;
  const auto options = torch::dtype(torch::kFloat32).device(device);
  const torch::Tensor exponents =
      torch::arange(0, config.head_dim, 2, options) / static_cast<double>(config.head_dim);
  const torch::Tensor inverse_frequencies = torch::pow(base, exponents).reciprocal();
  const torch::Tensor angles =
      torch::arange(start, start + count, options).unsqueeze(1) * inverse_frequencies;
  return {angles.cos(), angles.sin()};
}

torch::Tensor ApplyRope(const torch::Tensor& x, const RopeTable& rope) {
  const auto halves = x.chunk(2, /*dim=*/-1);
  const torch::Tensor cos = rope.cos.unsqueeze(1);  // [T, 1, head_dim / 2]
  const torch::Tensor sin = rope.sin.unsqueeze(1);
  return torch::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1);
}

}  // namespace plelab
