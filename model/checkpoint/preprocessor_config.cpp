#include "model/checkpoint/preprocessor_config.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"

namespace plelab {
namespace {

// Keys that ReadImageProcessor or ReadAudioProcessor reads.
const std::set<std::string> kRead = {
    "crop_size",     "dither",        "do_center_crop",        "do_normalize",   "do_pad",
    "do_rescale",    "do_resize",     "feature_size",          "fft_length",     "fft_overdrive",
    "frame_length",  "hop_length",    "frame_length_ms",       "hop_length_ms",  "image_mean",
    "image_std",     "max_frequency", "image_processor_type",  "mel_floor",      "min_frequency",
    "padding_value", "padding_side",  "per_bin_mean",          "per_bin_stddev", "preemphasis",
    "resample",      "sampling_rate", "input_scale_factor",    "rescale_factor", "preemphasis_htk_flavor",
    "data_format",   "size",          "feature_extractor_type"};
// Keys without effect on one image or one audio file.
const std::set<std::string> kWithoutEffect = {"chunk_length_s",
                                              "overlap",
                                              "default_to_square",
                                              "device",
                                              "disable_grouping",
                                              "do_convert_rgb",
                                              "return_tensors",
                                              "image_seq_length",
                                              "audio_seq_length",
                                              "backend",
                                              "processor_class",
                                              "input_data_format",
                                              "pad_size",
                                              "return_attention_mask",
                                              "_valid_processor_keys"};

std::optional<JsonObject> ReadJson(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  RefuseSpecialInput(path.string());
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw UserError("{}: cannot be read; expected a JSON file", path.string());
  return JsonObject::Parse(text, path.string());
}

void CheckKeys(const JsonObject& config) {
  for (const auto& key : config.Keys()) {
    if (kRead.count(key) || kWithoutEffect.count(key) || config.IsNull(key)) continue;
    throw UserError("{}: key '{}' is unknown and might change the features; remove it, or set it to null",
                    config.origin(), config.Path(key));
  }
}

}  // namespace

std::optional<JsonObject> ReadProcessorConfig(const std::string& checkpoint_directory,
                                              const std::string& part) {
  const std::filesystem::path folder = checkpoint_directory;
  std::optional<JsonObject> config = ReadJson(folder / "processor_config.json");
  if (config && config->Has(part)) {
    config = config->Object(part);
  } else {
    config = ReadJson(folder / "preprocessor_config.json");
  }
  if (config) CheckKeys(*config);
  return config;
}

void RequireOff(const JsonObject& config, const std::string& key) {
  if (!config.Has(key) || config.IsNull(key) || !config.Boolean(key)) return;
  throw UserError("{}: key '{}': expected false or null, found true, which is not implemented",
                  config.origin(), config.Path(key));
}

}  // namespace plelab
