// vision_config and audio_config of a multimodal config.json.
#include <algorithm>

#include "model/config.h"
#include "model/io/error.h"
#include "model/json_object.h"

namespace plelab {
namespace {

double Positive(const JsonObject& json, const std::string& key) {
  const double value = json.Number(key);
  if (value > 0) return value;
  throw UserError("{}: key '{}': expected a number above 0, found {}", json.origin(), json.Path(key), value);
}

// model_args goes to timm.create_model; the width is the only argument that is supported.
double ReadChannelMultiplier(const JsonObject& json) {
  if (!json.Has("model_args") || json.IsNull("model_args")) return 1.0;
  const JsonObject args = json.Object("model_args");
  for (const std::string& key : args.Keys()) {
    if (key == "channel_multiplier") continue;
    throw UserError("{}: key '{}' is not supported; known in model_args: channel_multiplier", json.origin(),
                    args.Path(key));
  }
  if (!args.Has("channel_multiplier")) return 1.0;
  const double multiplier = args.Number("channel_multiplier");
  if (multiplier > 0 && multiplier <= 16) return multiplier;
  throw UserError("{}: key '{}': expected a number above 0, at most 16, found {}", json.origin(),
                  args.Path("channel_multiplier"), multiplier);
}

// Exactly two convolutions, each with a (time, frequency) pair.
std::vector<std::vector<int64_t>> ReadConvPairs(const JsonObject& json, const std::string& key) {
  auto rows = json.IntegerRows(key);
  const bool pairs = std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.size() == 2; });
  if (rows.size() == 2 && pairs) return rows;
  throw UserError("{}: key '{}': expected two pairs of integers (time, frequency), found another shape",
                  json.origin(), json.Path(key));
}

// Two convolutions, each over `bins` padded by one on either side, must leave something.
void RequireFrequencyBins(const JsonObject& json, const AudioConfig& audio) {
  int64_t bins = audio.input_feat_size;
  for (int conv = 0; conv < 2; ++conv) {
    const int64_t kernel = audio.sscp_conv_kernel_size[conv][1];
    if (bins + 2 < kernel) {
      throw UserError("{}: key '{}': expected at most {} frequency bins in convolution {}, found {}",
                      json.origin(), json.Path("sscp_conv_kernel_size"), bins + 2, conv, kernel);
    }
    bins = (bins + 2 - kernel) / audio.sscp_conv_stride_size[conv][1] + 1;
  }
}

}  // namespace

VisionConfig ReadVisionConfig(const JsonObject& json) {
  VisionConfig vision;
  vision.hidden_size = json.Integer("hidden_size");
  vision.vocab_size = json.Integer("vocab_size");
  vision.vocab_offset = json.Integer("vocab_offset", 0);
  vision.rms_norm_eps = Positive(json, "rms_norm_eps");
  vision.architecture = json.String("architecture");
  vision.channel_multiplier = ReadChannelMultiplier(json);
  if (vision.architecture != "mobilenetv5_300m_enc") {
    throw UserError("{}: key '{}': expected mobilenetv5_300m_enc, found '{}'", json.origin(),
                    json.Path("architecture"), vision.architecture);
  }
  if (json.Has("do_pooling") && json.Boolean("do_pooling")) {
    throw UserError("{}: key '{}': expected false, found true", json.origin(), json.Path("do_pooling"));
  }
  return vision;
}

AudioConfig ReadAudioConfig(const JsonObject& json) {
  AudioConfig audio;
  audio.hidden_size = json.Integer("hidden_size");
  audio.vocab_size = json.Integer("vocab_size");
  audio.vocab_offset = json.Integer("vocab_offset", 0);
  audio.rms_norm_eps = Positive(json, "rms_norm_eps");
  audio.input_feat_size = json.Integer("input_feat_size");
  audio.gradient_clipping = Positive(json, "gradient_clipping");
  audio.conf_attention_chunk_size = json.Integer("conf_attention_chunk_size");
  audio.conf_attention_context_left = json.Integer("conf_attention_context_left");
  audio.conf_attention_context_right = json.Integer("conf_attention_context_right", 0);
  audio.conf_attention_logit_cap = Positive(json, "conf_attention_logit_cap");
  audio.conf_num_attention_heads = json.Integer("conf_num_attention_heads");
  audio.conf_num_hidden_layers = json.Integer("conf_num_hidden_layers", 1, 1024);
  audio.conf_conv_kernel_size = json.Integer("conf_conv_kernel_size");
  audio.conf_reduction_factor = json.Integer("conf_reduction_factor");
  audio.conf_residual_weight = json.Number("conf_residual_weight");
  audio.sscp_conv_channel_size = json.Integers("sscp_conv_channel_size");
  audio.sscp_conv_group_norm_eps = Positive(json, "sscp_conv_group_norm_eps");
  audio.sscp_conv_kernel_size = ReadConvPairs(json, "sscp_conv_kernel_size");
  audio.sscp_conv_stride_size = ReadConvPairs(json, "sscp_conv_stride_size");
  if (audio.sscp_conv_channel_size.size() != 2) {
    throw UserError("{}: key '{}': expected two integers, found {}", json.origin(),
                    json.Path("sscp_conv_channel_size"), audio.sscp_conv_channel_size.size());
  }
  RequireFrequencyBins(json, audio);
  if (audio.hidden_size % audio.conf_num_attention_heads != 0) {
    throw UserError("{}: key '{}': expected a divisor of 'hidden_size' = {}, found {}", json.origin(),
                    json.Path("conf_num_attention_heads"), audio.hidden_size, audio.conf_num_attention_heads);
  }
  return audio;
}

}  // namespace plelab
