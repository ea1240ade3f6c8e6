#include "model/vision/vision_ops.h"

#include <algorithm>
#include <vector>

#include "model/kernels/parallel.h"
#include "model/kernels/vector_math.h"
#include "model/ops/matmul.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

bool WantsGradient(const torch::Tensor& x, const torch::Tensor& weight) {
  return torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
}

// The dtype in which a dense convolution runs.  A CPU without bfloat16 products widens the weights instead.
torch::ScalarType ConvType(const torch::Tensor& x, const torch::Tensor& weight) {
  const bool multiplies = !x.device().is_cpu() || CpuMultipliesBFloat16();
  return multiplies ? weight.scalar_type() : torch::kFloat32;
}

// Zeros to add before and after an axis of `size`.
struct Padding {
  int64_t before, after;
};

Padding SamePadding(int64_t size, int64_t kernel, int64_t stride) {
  const int64_t out = (size + stride - 1) / stride;
  const int64_t total = std::max<int64_t>((out - 1) * stride + kernel - size, 0);
  return {total / 2, total - total / 2};
}

torch::Tensor Convolve(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       int64_t stride, int64_t groups, torch::ScalarType type) {
  const Padding rows = SamePadding(x.size(1), weight.size(2), stride);
  const Padding columns = SamePadding(x.size(2), weight.size(3), stride);
  torch::Tensor in = x.permute({0, 3, 1, 2}).to(type);  // a view that ATen recognises as channels_last
  std::vector<int64_t> both = {rows.before, columns.before};
  if (rows.before != rows.after || columns.before != columns.after) {
    in = at::constant_pad_nd(in, {columns.before, columns.after, rows.before, rows.after});
    both = {0, 0};
  }
  const torch::Tensor b = bias.defined() ? bias.to(type) : bias;
  const torch::Tensor out =
      at::conv2d(in, weight.to(type), b, {stride, stride}, both, /*dilation=*/{1, 1}, groups);
  return out.permute({0, 2, 3, 1}).to(torch::kFloat32).contiguous();
}

// Norms and activates each row while it is in the nearest cache. y may be x.
void NormRows(const torch::Tensor& x, const torch::Tensor& weight, bool gelu, torch::Tensor& y) {
  const torch::Tensor scale = weight.to(torch::kFloat32).contiguous();
  const int64_t channels = x.size(-1), rows = x.numel() / channels;
  const std::vector<float> ones(static_cast<size_t>(channels), 1.0f);
  const float* const in = x.const_data_ptr<float>();
  const float* const w = scale.const_data_ptr<float>();
  float* const out = y.mutable_data_ptr<float>();
  ParallelRows(rows, channels * static_cast<int64_t>(sizeof(float)), [&](int64_t row) {
    float* const target = out + row * channels;
    RmsNormRow(in + row * channels, w, channels, static_cast<float>(kVisionNormEps), target);
    if (gelu) GeluTimes(target, ones.data(), channels, target);
  });
}

// True when the kernels can be used: they have no gradient and run on the CPU only.
bool UsesKernels(const torch::Tensor& x, const torch::Tensor& weight) {
  return x.device().is_cpu() && !WantsGradient(x, weight) && x.scalar_type() == torch::kFloat32 &&
         x.is_contiguous();
}

}  // namespace

torch::Tensor PointwiseConv(const torch::Tensor& x, const torch::Tensor& weight) {
  LinearWeight w;
  w.out = weight.size(0);
  w.in = weight.size(1);
  w.values = weight.view({w.out, w.in});
  w.format = weight.scalar_type() == torch::kBFloat16 ? WeightFormat::kBFloat16 : WeightFormat::kFloat32;
  return Linear(x, w);
}

torch::Tensor SameConv(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       int64_t stride, int64_t groups) {
  return Convolve(x, weight, bias, stride, groups, ConvType(x, weight));
}

// Memory-bound, so float32 costs nothing.
torch::Tensor DepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride) {
  return Convolve(x, weight, /*bias=*/{}, stride, weight.size(0), torch::kFloat32);
}

torch::Tensor ChannelNorm(const torch::Tensor& x, const torch::Tensor& weight) {
  if (!UsesKernels(x, weight)) return RmsNorm(x, weight, kVisionNormEps);
  torch::Tensor y = at::empty_like(x);
  NormRows(x, weight, /*gelu=*/false, y);
  return y;
}

torch::Tensor ChannelNormInPlace(torch::Tensor x, const torch::Tensor& weight) {
  if (!UsesKernels(x, weight)) return RmsNorm(x, weight, kVisionNormEps);
  NormRows(x, weight, /*gelu=*/false, x);
  return x;
}

torch::Tensor ChannelNormGelu(torch::Tensor x, const torch::Tensor& weight) {
  if (!UsesKernels(x, weight)) return Gelu(RmsNorm(x, weight, kVisionNormEps));
  NormRows(x, weight, /*gelu=*/true, x);
  return x;
}

torch::Tensor ScaleAndAdd(torch::Tensor x, const torch::Tensor& scale, const torch::Tensor& residual) {
  if (!scale.defined()) return residual.defined() ? residual + x : x;
  const torch::Tensor wide = scale.to(torch::kFloat32);
  if (!residual.defined()) return x * wide;
  if (WantsGradient(x, scale) || WantsGradient(residual, scale)) return residual + x * wide;
  return at::addcmul_out(x, residual, x, wide);
}

}  // namespace plelab
