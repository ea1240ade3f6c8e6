#include "model/media/audio_features.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "model/base/error.h"
#include "model/checkpoint/preprocessor_config.h"
#include "model/media/audio_file.h"

namespace plelab {
namespace {

using torch::indexing::Slice;

int64_t PaddedLength(int64_t samples, const AudioProcessor& p) {
  return (samples + p.pad_to_multiple_of - 1) / p.pad_to_multiple_of * p.pad_to_multiple_of;
}

// Periodic Hann, [frame_length] float32.
torch::Tensor Window(int64_t frame_length) {
  const auto turn = torch::arange(frame_length, torch::kFloat64) * (2 * std::numbers::pi / frame_length);
  return (0.5 * (1 - turn.cos())).to(torch::kFloat32);
}

// The mel scale is HTK's.
double MelOf(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double HertzOf(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

// Triangles of height 1, [fft_length / 2 + 1, feature_size] float64.  Reference: create_fb_matrix with norm
// None.
torch::Tensor MelFilters(const AudioProcessor& p) {
  const int64_t frequencies = p.fft_length / 2 + 1;
  const double low = MelOf(p.min_frequency), step = (MelOf(p.max_frequency) - low) / (p.feature_size + 1);
  std::vector<double> corners;
  for (int64_t i = 0; i < p.feature_size + 2; ++i) corners.push_back(HertzOf(low + step * i));
  const auto filters = torch::zeros({frequencies, p.feature_size}, torch::kFloat64);
  auto value = filters.accessor<double, 2>();
  for (int64_t f = 0; f < frequencies; ++f) {
    const double hertz = static_cast<double>(f) * p.sampling_rate / p.fft_length;
    for (int64_t bin = 0; bin < p.feature_size; ++bin) {
      const double* corner = corners.data() + bin;
      const double rising = (hertz - corner[0]) / (corner[1] - corner[0]);
      const double falling = (corner[2] - hertz) / (corner[2] - corner[1]);
      value[f][bin] = std::max(0.0, std::min(rising, falling));
    }
  }
  return filters;
}

// frames [T, frame_length + 1] → [T, frame_length].  HTK's flavour treats each frame as if nothing preceded
// it.
torch::Tensor Preemphasise(const torch::Tensor& frames, const AudioProcessor& p) {
  if (p.preemphasis <= 0) return frames.index({Slice(), Slice(0, -1)});
  if (!p.preemphasis_htk_flavor) {
    return frames.index({Slice(), Slice(1)}) - p.preemphasis * frames.index({Slice(), Slice(0, -1)});
  }
  const auto first = frames.index({Slice(), Slice(0, 1)}) * (1.0 - p.preemphasis);
  const auto rest =
      frames.index({Slice(), Slice(1, -1)}) - p.preemphasis * frames.index({Slice(), Slice(0, -2)});
  return torch::cat({first, rest}, 1);
}

// Reads audio that is long enough to make a frame.
torch::Tensor ReadWaveform(const std::string& path, const AudioProcessor& p, bool truncate) {
  const auto waveform = ReadAudio(path, {p.sampling_rate, p.max_samples, truncate});
  if (MelFrameCount(waveform.numel(), p) > 0) return waveform;
  throw UserError("{}: {} samples at {} Hz are too short for one frame of {}; expected a longer recording",
                  path, waveform.numel(), p.sampling_rate, p.frame_length);
}

torch::Tensor PerBin(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

}  // namespace

int64_t MelFrameCount(int64_t samples, const AudioProcessor& processor) {
  const int64_t beyond_first = PaddedLength(samples, processor) - (processor.frame_length + 1);
  return beyond_first < 0 ? 0 : beyond_first / processor.hop_length + 1;
}

MelFrames LogMel(const torch::Tensor& waveform, const AudioProcessor& p, int64_t pad_to) {
  const int64_t samples = waveform.numel(), length = PaddedLength(std::max(samples, pad_to), p);
  const int64_t count = MelFrameCount(length, p);
  if (count == 0) return {torch::empty({0, p.feature_size}), torch::empty({0}, torch::kBool)};
  const auto padded = torch::constant_pad_nd(waveform, {0, length - samples}, p.padding_value);
  const auto frames = (padded * p.input_scale_factor).unfold(0, p.frame_length + 1, p.hop_length);
  const auto windowed = Preemphasise(frames, p) * Window(p.frame_length);
  // As in the reference's numpy, the transform is in float32 and the products with the filters are in
  // float64.
  const auto magnitude = torch::fft_rfft(windowed, p.fft_length).abs();
  auto mel = magnitude.to(torch::kFloat64).matmul(MelFilters(p)).clamp_min(p.mel_floor).log();
  if (!p.per_bin_mean.empty()) mel = mel - PerBin(p.per_bin_mean);
  if (!p.per_bin_stddev.empty()) mel = mel / PerBin(p.per_bin_stddev);
  const auto starts = torch::arange(count, torch::kInt64) * p.hop_length;
  return {mel.to(torch::kFloat32), starts >= samples};
}

MelFrames LoadAudio(const std::string& path, const AudioProcessor& processor, bool truncate) {
  const MelFrames batch = LoadAudioBatch({path}, processor, truncate);
  return {batch.mel[0], batch.mask[0]};
}

MelFrames LoadAudioBatch(const std::vector<std::string>& paths, const AudioProcessor& processor,
                         bool truncate) {
  std::vector<torch::Tensor> waveforms;
  int64_t longest = 0;
  for (const std::string& path : paths) {
    waveforms.push_back(ReadWaveform(path, processor, truncate));
    longest = std::max(longest, waveforms.back().numel());
  }
  std::vector<torch::Tensor> mels, masks;
  for (size_t i = 0; i < paths.size(); ++i) {
    const MelFrames frames = LogMel(waveforms[i], processor, longest);
    if (!frames.mel.isfinite().all().item<bool>()) {
      throw UserError("{}: samples up to {:g} overflow; expected a full scale of 1", paths[i],
                      waveforms[i].abs().max().item<double>());
    }
    mels.push_back(frames.mel);
    masks.push_back(frames.mask);
  }
  return {torch::stack(mels), torch::stack(masks)};
}

namespace {

double NumberFrom(const JsonObject& config, const std::string& key, double low) {
  const double value = config.Number(key);
  if (value >= low) return value;
  throw UserError("{}: key '{}': expected a number ≥ {}, found {}", config.origin(), config.Path(key), low,
                  value);
}

// The reference computes lengths from milliseconds, whatever number of samples the file gives.
int64_t SamplesOf(const JsonObject& config, const std::string& key, double default_ms, int64_t rate) {
  const bool given = config.Has(key) && !config.IsNull(key);
  const double milliseconds = given ? NumberFrom(config, key, 0.1) : default_ms;
  if (milliseconds > 1000) {
    throw UserError("{}: key '{}': expected at most 1000 ms, found {}", config.origin(), config.Path(key),
                    milliseconds);
  }
  const double samples = std::nearbyint(static_cast<double>(rate) * milliseconds / 1000.0);
  return std::max<int64_t>(1, static_cast<int64_t>(samples));
}

void RequireSame(const JsonObject& config, const std::string& key, int64_t computed) {
  if (!config.Has(key) || config.IsNull(key)) return;
  const int64_t found = config.Integer(key);
  if (found == computed) return;
  throw UserError(
      "{}: key '{}': expected {}, as the reference computes it from milliseconds and rate, found {}",
      config.origin(), config.Path(key), computed, found);
}

std::vector<double> PerBin(const JsonObject& config, const std::string& key, int64_t bins) {
  if (!config.Has(key) || config.IsNull(key)) return {};
  const std::vector<double> values = config.Numbers(key);
  if (static_cast<int64_t>(values.size()) == bins) return values;
  throw UserError("{}: key '{}': expected {} numbers or null, found {}", config.origin(), config.Path(key),
                  bins, values.size());
}

void RequireText(const JsonObject& config, const std::string& key, const std::string& expected) {
  if (!config.Has(key) || config.IsNull(key)) return;
  const std::string found = config.String(key);
  if (found == expected) return;
  throw UserError("{}: key '{}': expected {}, found {}", config.origin(), config.Path(key), expected, found);
}

void CheckAudioSteps(const JsonObject& config) {
  RequireText(config, "feature_extractor_type", "Gemma3nAudioFeatureExtractor");
  RequireText(config, "padding_side", "right");
  const double dither = config.Number("dither");
  if (dither == 0) return;
  throw UserError("{}: key '{}': expected 0, found {}: dither is random and not implemented", config.origin(),
                  config.Path("dither"), dither);
}

void ReadLengths(const JsonObject& config, AudioProcessor& processor) {
  processor.sampling_rate = config.Integer("sampling_rate", 1'000, 768'000);
  processor.frame_length = SamplesOf(config, "frame_length_ms", 32, processor.sampling_rate);
  processor.hop_length = SamplesOf(config, "hop_length_ms", 10, processor.sampling_rate);
  const auto power_of_two =
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(processor.frame_length)));
  processor.fft_length = config.Boolean("fft_overdrive") ? 2 * power_of_two : power_of_two;
  RequireSame(config, "frame_length", processor.frame_length);
  RequireSame(config, "hop_length", processor.hop_length);
  RequireSame(config, "fft_length", processor.fft_length);
}

void ReadBins(const JsonObject& config, AudioProcessor& processor) {
  processor.feature_size = config.Integer("feature_size", 1, 4096);
  processor.min_frequency = NumberFrom(config, "min_frequency", 0);
  processor.max_frequency = config.Number("max_frequency");
  if (processor.max_frequency <= processor.min_frequency) {
    throw UserError("{}: key '{}': expected more than min_frequency, {}, found {}", config.origin(),
                    config.Path("max_frequency"), processor.min_frequency, processor.max_frequency);
  }
  processor.per_bin_mean = PerBin(config, "per_bin_mean", processor.feature_size);
  processor.per_bin_stddev = PerBin(config, "per_bin_stddev", processor.feature_size);
}

}  // namespace

AudioProcessor ReadAudioProcessor(const std::string& checkpoint_directory) {
  AudioProcessor processor;
  const auto config = ReadProcessorConfig(checkpoint_directory, "feature_extractor");
  if (!config) return processor;
  CheckAudioSteps(*config);
  ReadLengths(*config, processor);
  ReadBins(*config, processor);
  processor.preemphasis = NumberFrom(*config, "preemphasis", 0);
  processor.preemphasis_htk_flavor = config->Boolean("preemphasis_htk_flavor");
  processor.input_scale_factor = config->Number("input_scale_factor");
  // Must be positive, because its logarithm is taken.
  processor.mel_floor = NumberFrom(*config, "mel_floor", 1e-300);
  processor.padding_value = config->Number("padding_value");
  return processor;
}

}  // namespace plelab
