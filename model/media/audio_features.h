// From an audio file to what the audio encoder reads.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// transformers Gemma3nAudioFeatureExtractor.  The defaults are its own and the published ones.
struct AudioProcessor {
  int64_t sampling_rate = 16'000;  // Hz
  int64_t feature_size = 128;      // mel bins
  int64_t frame_length = 512;      // samples
  int64_t hop_length = 160;        // samples
  int64_t fft_length = 1024;
  double min_frequency = 125;   // Hz
  double max_frequency = 7600;  // Hz
  double preemphasis = 0.97;    // 0: off
  bool preemphasis_htk_flavor = true;
  double input_scale_factor = 1;
  double mel_floor = 1e-5;
  double padding_value = 0;
  std::vector<double> per_bin_mean = {};    // [feature_size], or empty
  std::vector<double> per_bin_stddev = {};  // [feature_size], or empty
  // Arguments of the extractor's call, which no file holds.
  int64_t max_samples = 480'000;
  int64_t pad_to_multiple_of = 128;
};

// Reads the checkpoint's processor_config.json or preprocessor_config.json; without either, returns the
// published values.  Throws UserError naming file and key for a missing key, a wrong type, lengths that
// disagree with each other, or a setting that is not implemented (dither, which is random; padding on the
// left).
AudioProcessor ReadAudioProcessor(const std::string& checkpoint_directory);

struct MelFrames {
  torch::Tensor mel;   // [T, feature_size] float32, natural logarithms
  torch::Tensor mask;  // [T] bool on the CPU, true: no frame, because it starts after the end of the audio
};

// The number of frames that the extractor makes of so many samples; 0 for 512 and fewer with the published
// settings.
int64_t MelFrameCount(int64_t samples, const AudioProcessor& processor);

// waveform is [samples] float32 at the processor's rate.  It is padded to `pad_to` samples when shorter, as
// the extractor pads to the longest clip of a batch.  T is MelFrameCount of the padded length and may be 0.
MelFrames LogMel(const torch::Tensor& waveform, const AudioProcessor& processor, int64_t pad_to = 0);

// Throws UserError as ReadAudio does (audio longer than max_samples is cut if `truncate`), and for audio that
// is too short to make a frame.
MelFrames LoadAudio(const std::string& path, const AudioProcessor& processor, bool truncate);
// Several clips (at least one) as one batch: mel [n, T, feature_size] and mask [n, T], where T is that of the
// longest.
MelFrames LoadAudioBatch(const std::vector<std::string>& paths, const AudioProcessor& processor,
                         bool truncate);

}  // namespace plelab
