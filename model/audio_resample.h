// Another sampling rate, by soxr.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace plelab {

// samples [n] float32 at `from` Hz → [about n · to / from] float32 at `to` Hz, soxr's HQ (librosa's default):
// a pass band up to 0.91 of the lower rate's half, linear phase, no delay.  The same tensor where the rates
// are equal. Throws RunError when soxr fails.
torch::Tensor Resample(const torch::Tensor& samples, int64_t from, int64_t to);

}  // namespace plelab
