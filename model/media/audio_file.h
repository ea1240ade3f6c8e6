// Sounds from files: WAV, FLAC and OGG, told apart by their content.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace plelab {

// What a sound is converted to, and how much of it is read.
struct AudioTarget {
  int64_t sampling_rate = 16'000;  // Hz
  int64_t max_samples = 480'000;   // at that rate
  bool truncate = false;           // cut what is longer; else it is an error
};

// [samples] float32, full scale = ±1: the mean of the channels, resampled by soxr (HQ) where the rate
// differs. The reference leaves both to its caller.  A header's word on lengths asks for no memory: the file
// is read in blocks. Throws UserError when the file cannot be read, is none of the three, is damaged or
// truncated, holds no sample or one that is not finite, is longer than max_samples without `truncate`, or has
// a rate or a channel count out of range.
torch::Tensor ReadAudio(const std::string& path, const AudioTarget& target);

// samples [n] float32 at `from` Hz → [about n · to / from] float32 at `to` Hz, soxr's HQ (librosa's default):
// a pass band up to 0.91 of the lower rate's half, linear phase, no delay.  The same tensor where the rates
// are equal. Throws RunError when soxr fails.
torch::Tensor Resample(const torch::Tensor& samples, int64_t from, int64_t to);

}  // namespace plelab
