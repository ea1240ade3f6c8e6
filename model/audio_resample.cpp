#include "model/audio_resample.h"

#include <soxr.h>

#include "model/io/error.h"

namespace plelab {

torch::Tensor Resample(const torch::Tensor& samples, int64_t from, int64_t to) {
  if (from == to) return samples;
  constexpr int64_t kSpare = 16;  // soxr rounds the length
  const auto input = samples.contiguous();
  const auto output = torch::empty({input.numel() * to / from + kSpare}, torch::kFloat32);
  const soxr_io_spec_t format = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
  size_t done = 0;
  const soxr_error_t error = soxr_oneshot(
      static_cast<double>(from), static_cast<double>(to), /*num_channels=*/1, input.const_data_ptr<float>(),
      static_cast<size_t>(input.numel()), nullptr, output.data_ptr<float>(),
      static_cast<size_t>(output.numel()), &done, &format, &quality, &one_thread);
  if (error != nullptr)
    throw RunError("resampling from {} to {} Hz failed: {}", from, to, soxr_strerror(error));
  return output.narrow(0, 0, static_cast<int64_t>(done));
}

}  // namespace plelab
