#include "model/checkpoint/config.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/checkpoint/embedded_shapes.h"

namespace plelab {
namespace {

std::optional<std::string> FileText(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A per-layer list whose key may also hold one number for all layers.
template <class T>
std::vector<T> PerLayer(const JsonObject& json, const std::string& key, std::vector<T> values,
                        int64_t layers) {
  if (static_cast<int64_t>(values.size()) == layers) return values;
  throw UserError("{}: key '{}': expected {} values, one for each of 'num_hidden_layers', found {}",
                  json.origin(), json.Path(key), layers, values.size());
}

std::vector<int64_t> ReadFfnWidths(const JsonObject& json, int64_t layers) {
  const std::string key = "intermediate_size";
  if (json.IsArray(key)) return PerLayer(json, key, json.Integers(key), layers);
  return std::vector<int64_t>(layers, json.Integer(key));
}

std::vector<double> ReadSparsity(const JsonObject& json, int64_t layers) {
  const std::string key = "activation_sparsity_pattern";
  std::vector<double> sparsity;
  if (json.IsNull(key)) {
    // When the key is null, the reference's rule applies: of more than ten layers, the first ten keep 5 % of
    // their activations.
    for (int64_t l = 0; l < layers; ++l) sparsity.push_back(layers > 10 && l < 10 ? 0.95 : 0.0);
  } else if (json.IsArray(key)) {
    sparsity = PerLayer(json, key, json.Numbers(key), layers);
  } else {
    sparsity.assign(layers, json.Number(key));
  }
  for (const double s : sparsity) {
    if (s >= 0 && s < 1) continue;
    throw UserError("{}: key '{}': expected numbers from 0 up to 1 (0 is dense), found {}", json.origin(),
                    json.Path(key), s);
  }
  return sparsity;
}

std::vector<LayerType> ReadLayerTypes(const JsonObject& json, int64_t layers) {
  const std::string key = "layer_types";
  std::vector<LayerType> types;
  if (json.IsNull(key)) {
    // When the key is null, the reference's rule applies: every fifth layer attends to the whole context.
    for (int64_t l = 0; l < layers; ++l)
      types.push_back((l + 1) % 5 == 0 ? LayerType::kFull : LayerType::kSliding);
    return types;
  }
  for (const std::string& name : PerLayer(json, key, json.Strings(key), layers)) {
    if (name != "full_attention" && name != "sliding_attention") {
      throw UserError("{}: key '{}': expected full_attention or sliding_attention, found '{}'", json.origin(),
                      json.Path(key), name);
    }
    types.push_back(name == "full_attention" ? LayerType::kFull : LayerType::kSliding);
  }
  return types;
}

double Positive(const JsonObject& json, const std::string& key) {
  const double value = json.Number(key);
  if (value > 0) return value;
  throw UserError("{}: key '{}': expected a number above 0, found {}", json.origin(), json.Path(key), value);
}

// A `rope_type` other than default rescales the frequencies, which is not implemented.
void RequirePlainRope(const JsonObject& rope) {
  for (const char* key : {"rope_type", "type"}) {
    if (rope.Has(key) && rope.String(key) != "default") {
      throw UserError("{}: key '{}': expected default, found '{}'; scaled RoPE is not supported",
                      rope.origin(), rope.Path(key), rope.String(key));
    }
  }
  if (rope.Has("partial_rotary_factor") && rope.Number("partial_rotary_factor") != 1) {
    throw UserError("{}: key '{}': expected 1, found {}", rope.origin(), rope.Path("partial_rotary_factor"),
                    rope.Number("partial_rotary_factor"));
  }
}

void ReadRope(const JsonObject& json, TextConfig& text) {
  if (json.Has("rope_parameters") && !json.IsNull("rope_parameters")) {  // transformers 5
    const JsonObject rope = json.Object("rope_parameters");
    const JsonObject full = rope.Object("full_attention");
    const JsonObject sliding = rope.Object("sliding_attention");
    RequirePlainRope(full);
    RequirePlainRope(sliding);
    text.rope_theta_full = Positive(full, "rope_theta");
    text.rope_theta_sliding = Positive(sliding, "rope_theta");
    return;
  }
  if (json.Has("rope_scaling") && !json.IsNull("rope_scaling")) RequirePlainRope(json.Object("rope_scaling"));
  text.rope_theta_full = Positive(json, "rope_theta");
  text.rope_theta_sliding = Positive(json, "rope_local_base_freq");
}

// Keys for which only one value is implemented: it is better to refuse others than to compute wrong results.
void RequireSupported(const JsonObject& json) {
  const std::string activation = json.String("hidden_activation");
  if (activation != "gelu_pytorch_tanh") {
    throw UserError("{}: key '{}': expected gelu_pytorch_tanh, found '{}'", json.origin(),
                    json.Path("hidden_activation"), activation);
  }
  if (json.Boolean("attention_bias")) {
    throw UserError("{}: key '{}': expected false, found true", json.origin(), json.Path("attention_bias"));
  }
}

// The reference reads this key at the top level only: of a multimodal config, text_config's own says nothing.
// Its default is true, and null counts as false.
void ReadTie(const JsonObject& top, TextConfig& text) {
  const std::string key = "tie_word_embeddings";
  text.tie_word_embeddings = !top.Has(key) || (!top.IsNull(key) && top.Boolean(key));
  text.own_head = !text.tie_word_embeddings;
}

void CheckHeads(const JsonObject& json, const TextConfig& text) {
  if (text.num_attention_heads % text.num_key_value_heads != 0) {
    throw UserError("{}: key '{}': expected a divisor of 'num_attention_heads' = {}, found {}", json.origin(),
                    json.Path("num_key_value_heads"), text.num_attention_heads, text.num_key_value_heads);
  }
  if (text.head_dim % 2 != 0) {
    throw UserError("{}: key '{}': expected an even number (RoPE turns pairs), found {}", json.origin(),
                    json.Path("head_dim"), text.head_dim);
  }
}

// transformers Gemma3nTextConfig.kv_sharing_modes: every layer type needs a layer that makes keys.
void CheckDonors(const JsonObject& json, const TextConfig& text) {
  for (int64_t layer = text.first_kv_shared_layer(); layer < text.num_hidden_layers; ++layer) {
    if (text.kv_donor(layer) >= 0) continue;
    throw UserError(
        "{}: keys 'num_kv_shared_layers' and 'layer_types' disagree: layer {} shares the keys of an earlier "
        "{} layer, but none of the first {} layers is one",
        json.origin(), layer,
        text.layer_types[layer] == LayerType::kFull ? "full_attention" : "sliding_attention",
        text.first_kv_shared_layer());
  }
}

TextConfig ReadText(const JsonObject& json) {
  RequireSupported(json);
  TextConfig text;
  text.vocab_size = json.Integer("vocab_size");
  text.vocab_size_per_layer_input = json.Integer("vocab_size_per_layer_input");
  text.hidden_size = json.Integer("hidden_size");
  text.hidden_size_per_layer_input = json.Integer("hidden_size_per_layer_input");
  text.num_hidden_layers = json.Integer("num_hidden_layers", 1, 1024);
  text.num_attention_heads = json.Integer("num_attention_heads");
  text.num_key_value_heads = json.Integer("num_key_value_heads");
  text.head_dim = json.Integer("head_dim");
  text.num_kv_shared_layers = json.Integer("num_kv_shared_layers", 0, text.num_hidden_layers);
  text.sliding_window = json.Integer("sliding_window");
  text.laurel_rank = json.Integer("laurel_rank");
  text.altup_num_inputs = json.Integer("altup_num_inputs", 1, 64);
  text.altup_active_idx = json.Integer("altup_active_idx", 0, text.altup_num_inputs - 1);
  text.altup_correct_scale = json.Boolean("altup_correct_scale");
  if (!json.IsNull("altup_coef_clip")) text.altup_coef_clip = Positive(json, "altup_coef_clip");
  text.rms_norm_eps = Positive(json, "rms_norm_eps");
  if (!json.IsNull("final_logit_softcapping"))
    text.final_logit_softcapping = Positive(json, "final_logit_softcapping");
  text.max_position_embeddings = json.Integer("max_position_embeddings");
  text.intermediate_size = ReadFfnWidths(json, text.num_hidden_layers);
  text.activation_sparsity_pattern = ReadSparsity(json, text.num_hidden_layers);
  text.layer_types = ReadLayerTypes(json, text.num_hidden_layers);
  ReadRope(json, text);
  CheckHeads(json, text);
  CheckDonors(json, text);
  return text;
}

SpecialTokens ReadSpecialTokens(const JsonObject& json) {
  SpecialTokens special;
  special.boi = json.Integer("boi_token_id", 0);
  special.eoi = json.Integer("eoi_token_id", 0);
  special.image = json.Integer("image_token_id", 0);
  special.boa = json.Integer("boa_token_id", 0);
  special.eoa = json.Integer("eoa_token_id", 0);
  special.audio = json.Integer("audio_token_id", 0);
  special.vision_soft_tokens_per_image = json.Integer("vision_soft_tokens_per_image");
  special.audio_soft_tokens_per_image = json.Integer("audio_soft_tokens_per_image");
  return special;
}

// The object that has `key`, where the top level takes precedence over text_config; nullptr when neither has
// it.
const JsonObject* WhereIs(const std::string& key, const JsonObject& top, const JsonObject& text) {
  for (const JsonObject* json : {&top, &text}) {
    if (json->Has(key) && !json->IsNull(key)) return json;
  }
  return nullptr;
}

// The published files leave these ids out when they are the reference's defaults (bos 2, eos 1, pad 0).  The
// default is the reference's rule, not ours.
void ReadTextIds(const JsonObject& top, const JsonObject& text, Gemma3nConfig& config) {
  const JsonObject* bos = WhereIs("bos_token_id", top, text);
  const JsonObject* eos = WhereIs("eos_token_id", top, text);
  const JsonObject* pad = WhereIs("pad_token_id", top, text);
  config.bos_token_id = bos ? bos->Integer("bos_token_id", 0) : 2;
  config.pad_token_id = pad ? pad->Integer("pad_token_id", 0) : 0;
  if (eos == nullptr) {
    config.eos_token_ids = {1};
  } else if (eos->IsArray("eos_token_id")) {
    config.eos_token_ids = eos->Integers("eos_token_id", 0);
  } else {
    config.eos_token_ids = {eos->Integer("eos_token_id", 0)};
  }
}

}  // namespace

VisionConfig ReadVisionConfig(const JsonObject& json);
AudioConfig ReadAudioConfig(const JsonObject& json);

int64_t TextConfig::kv_donor(int64_t layer) const {
  if (!is_kv_shared(layer)) return layer;
  int64_t donor = first_kv_shared_layer() - 1;
  while (donor >= 0 && layer_types[donor] != layer_types[layer]) --donor;
  return donor;
}

Gemma3nConfig ParseConfig(const std::string& json, const std::string& origin) {
  const JsonObject top = JsonObject::Parse(json, origin);
  const std::string model_type = top.String("model_type");
  Gemma3nConfig config;
  if (model_type == "gemma3n_text") {
    config.text_only = true;
    config.text = ReadText(top);
    ReadTie(top, config.text);
    ReadTextIds(top, top, config);
    return config;
  }
  if (model_type != "gemma3n") {
    throw UserError("{}: key 'model_type': expected gemma3n or gemma3n_text, found '{}'", origin, model_type);
  }
  const JsonObject text = top.Object("text_config");
  config.text = ReadText(text);
  ReadTie(top, config.text);
  config.vision = ReadVisionConfig(top.Object("vision_config"));
  config.audio = ReadAudioConfig(top.Object("audio_config"));
  config.special = ReadSpecialTokens(top);
  ReadTextIds(top, text, config);
  return config;
}

Gemma3nConfig ReadConfig(const std::string& path) {
  const std::optional<std::string> text = FileText(path);
  if (!text) throw UserError("{}: cannot be opened; expected the config.json of a Gemma 3n checkpoint", path);
  return ParseConfig(*text, path);
}

std::string ShapeConfigJson(const std::string& shape) {
  std::string names;
  for (const EmbeddedShape& known : EmbeddedShapes()) {
    if (known.name == shape) return std::string(known.json);
    names += std::string(known.name) + ", ";
  }
  const std::optional<std::string> text = FileText(shape);
  if (text) return *text;
  throw UserError("shape '{}': expected {}or the path of a config.json; {} cannot be opened", shape, names,
                  shape);
}

namespace {

// model_args is passed to timm.create_model; the width is the only supported argument.
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

// The two convolutions, each over `bins` padded by one on either side, must leave at least one bin.
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
