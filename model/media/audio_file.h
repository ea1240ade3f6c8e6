// Reads audio from WAV, FLAC and OGG files, which are told apart by their content.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace plelab {

// What audio is converted to, and how much of it is read.
struct AudioTarget {
  int64_t sampling_rate = 16'000;  // Hz
  int64_t max_samples = 480'000;   // at that sampling rate
  bool truncate = false;           // cut longer audio; otherwise it is an error
};

// Returns [samples] float32 with full scale ±1: the mean of the channels, resampled by soxr (HQ) when the
// rates differ.  The reference leaves both to its caller.  The file is read in blocks, so a length that a
// header merely claims allocates no memory.  Throws UserError when the file cannot be read, is of none of the
// three formats (WAV includes RF64), is damaged or truncated, holds no sample or one that is not finite, is
// longer than max_samples without `truncate`, or has a rate or channel count out of range.
torch::Tensor ReadAudio(const std::string& path, const AudioTarget& target);

// What a user should know of how ReadAudio takes the file, as one line; usually empty.  For a recording whose
// header does not know its length, which is read to its end.  Throws UserError as ReadAudio does for what is
// no complete audio file.
std::string AudioNote(const std::string& path);

// samples [n] float32 at `from` Hz → [about n · to / from] float32 at `to` Hz, with soxr's HQ quality
// (librosa's default): pass band up to 0.91 of half the lower rate, linear phase, no delay.  Returns the same
// tensor when the rates are equal.  Throws RunError when soxr fails.
torch::Tensor Resample(const torch::Tensor& samples, int64_t from, int64_t to);

}  // namespace plelab
