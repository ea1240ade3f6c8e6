// Reading AudioProcessor from the checkpoint's files.
#include <bit>
#include <cmath>

#include "model/audio_features.h"
#include "model/io/error.h"
#include "model/preprocessor_config.h"

namespace plelab {
namespace {

double NumberFrom(const JsonObject& config, const std::string& key, double low) {
  const double value = config.Number(key);
  if (value >= low) return value;
  throw UserError("{}: key '{}': expected a number ≥ {}, found {}", config.origin(), config.Path(key), low,
                  value);
}

// The reference computes lengths from milliseconds, whatever the file says of them in samples.
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

void CheckSteps(const JsonObject& config) {
  RequireText(config, "feature_extractor_type", "Gemma3nAudioFeatureExtractor");
  RequireText(config, "padding_side", "right");
  const double dither = config.Number("dither");
  if (dither == 0) return;
  throw UserError("{}: key '{}': expected 0, found {}: dither is random and not done here", config.origin(),
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
  CheckSteps(*config);
  ReadLengths(*config, processor);
  ReadBins(*config, processor);
  processor.preemphasis = NumberFrom(*config, "preemphasis", 0);
  processor.preemphasis_htk_flavor = config->Boolean("preemphasis_htk_flavor");
  processor.input_scale_factor = config->Number("input_scale_factor");
  processor.mel_floor = NumberFrom(*config, "mel_floor", 1e-300);  // its logarithm is taken
  processor.padding_value = config->Number("padding_value");
  return processor;
}

}  // namespace plelab
