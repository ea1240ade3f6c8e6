#include "model/ops/ops.h"

#include <cmath>

#include "model/ops/fused_ops.h"
#include "model/ops/matmul.h"

namespace plelab {
namespace {

// Products of at most this many multiplications are computed in float32 whatever the CPU can do: up to half
// as many they are as fast as in bfloat16 (both conversions of x are saved), up to this many at most 20 µs
// slower, and they are not rounded.
constexpr int64_t kSmallProduct = 1 << 20;

bool IsSmallOnCpu(const torch::Tensor& x, const LinearWeight& w) {
  return x.device().is_cpu() && x.numel() * w.out <= kSmallProduct;
}

}  // namespace

torch::ScalarType ComputeType(const LinearWeight& w) {
  if (w.is_quantised()) return w.widened;
  return w.format == WeightFormat::kBFloat16 ? torch::kBFloat16 : torch::kFloat32;
}

torch::ScalarType ProductType(const LinearWeight& w, torch::Device device) {
  // A CPU without bfloat16 products widens the weights, so rounding x would only cost accuracy.
  return device.is_cpu() && !CpuMultipliesBFloat16() ? torch::kFloat32 : ComputeType(w);
}

torch::Tensor Linear(const torch::Tensor& x, const LinearWeight& w) {
  const bool is_small = IsSmallOnCpu(x, w);
  if (!is_small && ComputeType(w) == torch::kBFloat16 && TilesServe(x, w)) return TileMatMul(x, w);
  const auto type = is_small ? torch::kFloat32 : ProductType(w, x.device());
  return MatMul(x.to(type), w).to(torch::kFloat32);
}

torch::Tensor RmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  const torch::Tensor wide = x.to(torch::kFloat32);
  return CanFuse(wide) ? FusedRmsNorm(wide, weight, eps) : UnfusedRmsNorm(wide, weight, eps);
}

torch::Tensor UnfusedRmsNorm(const torch::Tensor& wide, const torch::Tensor& weight, double eps) {
  const torch::Tensor normed = wide * torch::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  return weight.defined() ? normed * weight.to(torch::kFloat32) : normed;
}

torch::Tensor GatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity) {
  return CanFuse(gate) && CanFuse(up) ? FusedGatedGelu(gate, up, sparsity)
                                      : UnfusedGatedGelu(gate, up, sparsity);
}

torch::Tensor UnfusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity) {
  return Gelu(sparsity > 0 ? GaussianTopK(gate, sparsity) : gate) * up;
}

torch::Tensor Gelu(const torch::Tensor& x) { return torch::gelu(x, "tanh"); }

double NormalQuantile(double p) {
  return std::sqrt(2.0) * torch::erfinv(torch::tensor(2.0 * p - 1.0, torch::kFloat64)).item<double>();
}

torch::Tensor GaussianTopK(const torch::Tensor& x, double sparsity) {
  const auto [std, mean] = torch::std_mean(x, /*dim=*/{-1}, /*unbiased=*/false, /*keepdim=*/true);
  return torch::relu(x - (mean + std * NormalQuantile(sparsity)));
}

torch::Tensor Softcap(torch::Tensor x, double cap) {
  if (cap == 0) return x;
  if (at::GradMode::is_enabled() && x.requires_grad()) return torch::tanh(x / cap) * cap;
  return x.div_(cap).tanh_().mul_(cap);
}

}  // namespace plelab
