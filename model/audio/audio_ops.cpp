#include "model/audio/audio_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "model/kernels/conformer_math.h"
#include "model/kernels/parallel.h"
#include "model/kernels/vector_math.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

torch::Tensor AsFloats(const torch::Tensor& weight) { return weight.to(torch::kFloat32).contiguous(); }

int64_t FloatBytes(int64_t columns) { return columns * static_cast<int64_t>(sizeof(float)); }

// What CumulativeNormRelu subtracts and multiplies by at one time.
struct Statistics {
  float mean, factor;
};

// Accumulates from each time's own moments, where the mean of (x − m)² is deviation² + (own mean − m)².
void Accumulate(const Moments* moments, int64_t times, double eps, Statistics* out) {
  double sum = 0, squares = 0;
  for (int64_t t = 0; t < times; ++t) {
    const double own = moments[t].mean, deviation = moments[t].deviation;
    sum += own;
    const double seen = static_cast<double>(t + 1), mean = sum / seen;
    squares += deviation * deviation + (own - mean) * (own - mean);
    out[t] = {static_cast<float>(mean), static_cast<float>(1 / std::sqrt(squares / seen + eps))};
  }
}

torch::Tensor CumulativeNormReluKernel(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  const torch::Tensor values = x.contiguous(), w = AsFloats(weight);
  const int64_t batch = x.size(0), times = x.size(1), bins = x.size(2), channels = x.size(3);
  const int64_t columns = bins * channels;
  float* const data = values.mutable_data_ptr<float>();
  std::vector<Moments> moments(batch * times);
  std::vector<Statistics> statistics(batch * times);
  ParallelRows(batch * times, FloatBytes(columns),
               [&](int64_t row) { moments[row] = MeanAndDeviation(data + row * columns, columns); });
  for (int64_t b = 0; b < batch; ++b) Accumulate(&moments[b * times], times, eps, &statistics[b * times]);
  ParallelRows(batch * times, FloatBytes(columns), [&](int64_t row) {
    for (int64_t bin = 0; bin < bins; ++bin) {
      float* const part = data + row * columns + bin * channels;
      CenterScaleRelu(part, statistics[row].mean, statistics[row].factor, w.const_data_ptr<float>(), channels,
                      part);
    }
  });
  return values;
}

torch::Tensor CausalDepthwiseConvKernel(const torch::Tensor& x, const torch::Tensor& weight) {
  const torch::Tensor in = x.contiguous(), taps = AsFloats(weight.squeeze(1).t());  // [kernel, channels]
  const int64_t times = x.size(1), channels = x.size(2), kernel = taps.size(0);
  const torch::Tensor out = torch::empty_like(in);
  const float *source = in.const_data_ptr<float>(), *tap = taps.const_data_ptr<float>();
  float* const target = out.mutable_data_ptr<float>();
  ParallelRows(x.size(0) * times, FloatBytes(channels), [&](int64_t row) {
    const int64_t there = std::min(kernel, row % times + 1);  // the frames up to this one that exist
    std::vector<const float*> frames(there), weights(there);
    for (int64_t k = 0; k < there; ++k) {
      frames[k] = source + (row - there + 1 + k) * channels;
      weights[k] = tap + (kernel - there + k) * channels;
    }
    SumOfProducts(frames.data(), weights.data(), there, channels, target + row * channels);
  });
  return out;
}

}  // namespace

bool RunsKernels(const torch::Tensor& x) {
  return !torch::GradMode::is_enabled() && x.device().is_cpu() && x.scalar_type() == torch::kFloat32;
}

torch::Tensor ClippedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight,
                             const ClippedNormOptions& options, const torch::Tensor& residual) {
  if (!RunsKernels(x)) {
    const auto normed =
        RmsNorm(torch::clamp(x, -options.clip, options.clip), weight, options.eps) * options.scale;
    return residual.defined() ? residual + normed : normed;
  }
  const torch::Tensor in = x.contiguous(), out = torch::empty_like(in), w = AsFloats(weight);
  const torch::Tensor added = residual.defined() ? residual.contiguous() : residual;
  const ClippedNorm norm = {w.const_data_ptr<float>(), static_cast<float>(options.clip),
                            static_cast<float>(options.eps), static_cast<float>(options.scale)};
  const int64_t columns = x.size(-1);
  const float* const source = in.const_data_ptr<float>();
  const float* const rest = added.defined() ? added.const_data_ptr<float>() : nullptr;
  float* const target = out.mutable_data_ptr<float>();
  ParallelRows(x.numel() / columns, FloatBytes(columns), [&](int64_t row) {
    const int64_t at = row * columns;
    ClippedRmsNorm(source + at, norm, rest == nullptr ? nullptr : rest + at, columns, target + at);
  });
  return out;
}

torch::Tensor CausalDepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight) {
  if (RunsKernels(x)) return CausalDepthwiseConvKernel(x, weight);
  const auto padded = torch::constant_pad_nd(x.transpose(1, 2), {weight.size(2) - 1, 0});
  const std::array<int64_t, 1> one = {1}, none = {0};
  return torch::conv1d(padded, weight.to(torch::kFloat32), /*bias=*/{}, one, at::IntArrayRef(none),
                       /*dilation=*/one, /*groups=*/weight.size(0))
      .transpose(1, 2);
}

torch::Tensor CumulativeNormRelu(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  if (RunsKernels(x)) return CumulativeNormReluKernel(x, weight, eps);
  const auto rows = x.flatten(2);  // [B, T, bins · channels]
  const auto seen = torch::arange(1, x.size(1) + 1, x.options()).mul_(rows.size(2)).view({1, -1, 1});
  const auto mean = rows.sum(-1, /*keepdim=*/true).cumsum(1) / seen;
  const auto centred = rows - mean;
  const auto variance = centred.square().sum(-1, /*keepdim=*/true).cumsum(1) / seen;
  const auto normed = (centred * torch::rsqrt(variance + eps)).view_as(x);
  return torch::relu(normed * weight.to(torch::kFloat32));
}

}  // namespace plelab
