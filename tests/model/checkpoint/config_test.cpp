#include "model/checkpoint/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/error.h"
#include "tests/support/checkpoint_files.h"

namespace plelab {
namespace config_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Replaced;
using testing::TinyConfig;

std::string ErrorOf(const std::string& json) {
  try {
    ParseConfig(json, "config.json");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::string TinyWith(const std::string& from, const std::string& to) {
  return Replaced(TinyConfig(), from, to);
}

TEST(Config, ReadsEveryTextFieldOfTheNewSpelling) {
  const Gemma3nConfig config = ParseConfig(TinyConfig(), "config.json");
  const TextConfig& text = config.text;
  EXPECT_TRUE(config.text_only);
  EXPECT_EQ(text.vocab_size, 40);
  EXPECT_EQ(text.vocab_size_per_layer_input, 32);
  EXPECT_EQ(text.hidden_size, 16);
  EXPECT_EQ(text.hidden_size_per_layer_input, 4);
  EXPECT_EQ(text.num_attention_heads, 2);
  EXPECT_EQ(text.num_key_value_heads, 1);
  EXPECT_EQ(text.head_dim, 8);
  EXPECT_EQ(text.sliding_window, 4);
  EXPECT_EQ(text.laurel_rank, 2);
  EXPECT_EQ(text.altup_num_inputs, 2);
  EXPECT_TRUE(text.altup_correct_scale);
  EXPECT_EQ(text.altup_coef_clip, 120.0);
  EXPECT_EQ(text.rms_norm_eps, 1e-6);
  EXPECT_EQ(text.final_logit_softcapping, 30.0);
  EXPECT_EQ(text.rope_theta_full, 1e6);
  EXPECT_EQ(text.rope_theta_sliding, 1e4);
  EXPECT_THAT(text.intermediate_size, ElementsAre(24, 24, 32));
  EXPECT_THAT(text.activation_sparsity_pattern, ElementsAre(0.9, 0.0, 0.0));
  EXPECT_THAT(text.layer_types, ElementsAre(LayerType::kSliding, LayerType::kFull, LayerType::kSliding));
  EXPECT_THAT(config.eos_token_ids, ElementsAre(1, 106));
}

TEST(Config, ReadsTheOldSpellingOfRope) {
  const std::string json = nlohmann::json::parse(TinyConfig()).dump();
  auto old = nlohmann::json::parse(json);
  old.erase("rope_parameters");
  old["rope_theta"] = 500000.0;
  old["rope_local_base_freq"] = 7000.0;
  old["rope_scaling"] = nullptr;
  const TextConfig text = ParseConfig(old.dump(), "config.json").text;
  EXPECT_EQ(text.rope_theta_full, 500000.0);
  EXPECT_EQ(text.rope_theta_sliding, 7000.0);
  old.erase("rope_local_base_freq");
  EXPECT_THAT(ErrorOf(old.dump()), HasSubstr("'rope_local_base_freq' is missing"));
}

TEST(Config, NamesEveryMissingTextKey) {
  const auto whole = nlohmann::json::parse(TinyConfig());
  for (const auto& item : whole.items()) {
    // The reference's own ids, which published files leave out.
    if (item.key() == "bos_token_id" || item.key() == "eos_token_id" || item.key() == "pad_token_id")
      continue;
    auto without = whole;
    without.erase(item.key());
    const std::string named = item.key() == "rope_parameters" ? "rope_theta" : item.key();
    EXPECT_THAT(ErrorOf(without.dump()), AllOf(HasSubstr("config.json: key '" + named + "' is missing")));
  }
}

TEST(Config, IdsThatThePublishedFilesLeaveOutAreTheReferences) {
  auto json = nlohmann::json::parse(TinyConfig());
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) json.erase(key);
  const Gemma3nConfig config = ParseConfig(json.dump(), "config.json");
  EXPECT_EQ(config.bos_token_id, 2);
  EXPECT_EQ(config.pad_token_id, 0);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(1));
}

TEST(Config, ScalarsAndNullsMeanWhatTheReferenceMeans) {
  auto json = nlohmann::json::parse(TinyConfig());
  json["num_hidden_layers"] = 12;
  json["num_kv_shared_layers"] = 2;
  json["intermediate_size"] = 24;
  json["activation_sparsity_pattern"] = nullptr;
  json["layer_types"] = nullptr;
  json["altup_coef_clip"] = nullptr;
  json["final_logit_softcapping"] = nullptr;
  json["eos_token_id"] = 5;
  const Gemma3nConfig config = ParseConfig(json.dump(), "config.json");
  EXPECT_EQ(config.text.intermediate_size, std::vector<int64_t>(12, 24));
  for (int64_t l = 0; l < 12; ++l) {
    EXPECT_EQ(config.text.activation_sparsity_pattern[l], l < 10 ? 0.95 : 0.0) << l;
    EXPECT_EQ(config.text.layer_types[l], l % 5 == 4 ? LayerType::kFull : LayerType::kSliding) << l;
  }
  EXPECT_EQ(config.text.altup_coef_clip, std::nullopt);
  EXPECT_EQ(config.text.final_logit_softcapping, 0);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(5));
  json["eos_token_id"] = {0, 106};
  EXPECT_THAT(ParseConfig(json.dump(), "config.json").eos_token_ids, ElementsAre(0, 106)) << "0 is an id";
  // Of no more than ten layers, the reference makes none sparse when the key is null.
  json["num_hidden_layers"] = 10;
  EXPECT_EQ(ParseConfig(json.dump(), "config.json").text.activation_sparsity_pattern,
            std::vector<double>(10, 0.0));
}

TEST(Config, WrongTypesAndValuesNameKeyExpectedAndFound) {
  EXPECT_THAT(ErrorOf(TinyWith("\"hidden_size\": 16", "\"hidden_size\": \"16\"")),
              HasSubstr("key 'hidden_size': expected an integer from 1 to 2147483647, found \"16\""));
  EXPECT_THAT(ErrorOf(TinyWith("\"hidden_size\": 16", "\"hidden_size\": -16")), HasSubstr("found -16"));
  EXPECT_THAT(ErrorOf(TinyWith("\"hidden_size\": 16", "\"hidden_size\": 18446744073709551615")),
              HasSubstr("found 18446744073709551615"));
  EXPECT_THAT(ErrorOf(TinyWith("\"head_dim\": 8", "\"head_dim\": 8.5")), HasSubstr("found 8.5"));
  EXPECT_THAT(ErrorOf(TinyWith("\"head_dim\": 8", "\"head_dim\": 7")), HasSubstr("expected an even number"));
  EXPECT_THAT(ErrorOf(TinyWith("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 0")),
              HasSubstr("'rms_norm_eps'"));
  EXPECT_THAT(ErrorOf(TinyWith("\"altup_active_idx\": 0", "\"altup_active_idx\": 2")),
              HasSubstr("from 0 to 1"));
  EXPECT_THAT(ErrorOf(TinyWith("[0.9, 0.0, 0.0]", "[1.0, 0.0, 0.0]")), HasSubstr("from 0 up to 1"));
  EXPECT_THAT(
      ErrorOf(TinyWith("\"full_attention\", \"sliding_attention\"]", "\"global\", \"sliding_attention\"]")),
      HasSubstr("expected full_attention or sliding_attention, found 'global'"));
  EXPECT_THAT(ErrorOf(TinyWith("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3")),
              HasSubstr("expected a divisor of 'num_attention_heads' = 2, found 3"));
}

TEST(Config, RefusesWhatItDoesNotImplement) {
  EXPECT_THAT(ErrorOf(TinyWith("gelu_pytorch_tanh", "silu")),
              HasSubstr("expected gelu_pytorch_tanh, found 'silu'"));
  EXPECT_THAT(ErrorOf(TinyWith("\"attention_bias\": false", "\"attention_bias\": true")),
              HasSubstr("attention_bias"));
  EXPECT_THAT(ErrorOf(TinyWith("\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"")),
              HasSubstr("'rope_parameters.full_attention.rope_type': expected default, found 'yarn'"));
  EXPECT_THAT(ErrorOf(TinyWith("gemma3n_text", "gemma4_text")),
              HasSubstr("expected gemma3n or gemma3n_text"));
}

// As transformers 5.23.0 reads it: at the top level only, true by default, and null is false.
TEST(Config, TheHeadIsTiedUnlessTheTopLevelSaysOtherwise) {
  const auto own_head = [](nlohmann::json json, const char* value) {
    if (value != nullptr) json["tie_word_embeddings"] = nlohmann::json::parse(value);
    return ParseConfig(json.dump(), "x").text.own_head;
  };
  auto whole = nlohmann::json::parse(ShapeConfigJson("e2b"));
  for (const auto& json : {nlohmann::json::parse(TinyConfig()), whole}) {
    EXPECT_FALSE(own_head(json, nullptr));
    EXPECT_FALSE(own_head(json, "true"));
    EXPECT_TRUE(own_head(json, "false"));
    EXPECT_TRUE(own_head(json, "null"));
  }
  whole["text_config"]["tie_word_embeddings"] = false;
  EXPECT_FALSE(own_head(whole, nullptr));
  EXPECT_THAT(ErrorOf(TinyWith("\"laurel_rank\"", "\"tie_word_embeddings\": 1, \"laurel_rank\"")),
              HasSubstr("tie_word_embeddings"));
}

TEST(Config, LayersThatDisagreeAreNamed) {
  EXPECT_THAT(
      ErrorOf(TinyWith("[24, 24, 32]", "[24, 24]")),
      HasSubstr("key 'intermediate_size': expected 3 values, one for each of 'num_hidden_layers', found 2"));
  EXPECT_THAT(ErrorOf(TinyWith("[0.9, 0.0, 0.0]", "[0.9, 0.0, 0.0, 0.0]")), HasSubstr("found 4"));
  // The last layer would share a sliding layer's keys, but there is none.
  EXPECT_THAT(ErrorOf(TinyWith("[\"sliding_attention\", \"full_attention\"",
                               "[\"full_attention\", \"full_attention\"")),
              AllOf(HasSubstr("num_kv_shared_layers"), HasSubstr("layer 2"), HasSubstr("first 2 layers")));
  EXPECT_THAT(ErrorOf(TinyWith("\"num_kv_shared_layers\": 1", "\"num_kv_shared_layers\": 3")),
              HasSubstr("layer 0"));
}

TEST(Config, KvDonorIsTheLastLayerOfTheSameTypeBeforeTheSharing) {
  const TextConfig text = ParseConfig(ShapeConfigJson("e2b"), "e2b").text;
  EXPECT_EQ(text.first_kv_shared_layer(), 20);
  EXPECT_EQ(text.kv_donor(7), 7);
  EXPECT_EQ(text.kv_donor(20), 18);  // sliding
  EXPECT_EQ(text.kv_donor(24), 19);  // full
  EXPECT_EQ(text.kv_donor(29), 19);
}

TEST(Config, NotJsonIsOneLine) {
  EXPECT_THAT(ErrorOf("{\"model_type\": "), HasSubstr("config.json: expected JSON"));
  EXPECT_THAT(ErrorOf("[1, 2]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(ErrorOf("{\"a\": 1, \"a\": 2}"), HasSubstr("'a' is given twice"));
  EXPECT_THAT(ErrorOf("{\"model_type\": \"gemma3n\xff\"}"), HasSubstr("expected JSON"));
  EXPECT_EQ(ErrorOf("{\"model_type\": ").find('\n'), std::string::npos);
}

TEST(Config, PublishedShapesAreTheReferencesOwn) {
  for (const char* file :
       {"tests/data/published_e2b/config.json", "tests/data/saved_by_transformers_5/config.json"}) {
    const Gemma3nConfig config = ReadConfig(file);
    EXPECT_FALSE(config.text_only);
    EXPECT_EQ(config.text.num_hidden_layers, 30) << file;
    EXPECT_EQ(config.text.intermediate_size, std::vector<int64_t>(30, 8192)) << file;
    EXPECT_EQ(config.text.rope_theta_full, 1e6) << file;
    EXPECT_EQ(config.text.rope_theta_sliding, 1e4) << file;
    EXPECT_EQ(config.text.sliding_window, 512) << file;
    EXPECT_EQ(config.vision->hidden_size, 2048) << file;
    EXPECT_EQ(config.vision->channel_multiplier, 1.0) << file;
    EXPECT_EQ(config.audio->conf_num_hidden_layers, 12) << file;
    EXPECT_EQ(config.special.image, 262145) << file;
    EXPECT_EQ(config.special.audio_soft_tokens_per_image, 188) << file;
  }
}

TEST(Config, NamesMissingKeysOfTheTowers) {
  const auto whole = nlohmann::json::parse(ShapeConfigJson("e2b"));
  for (const char* key :
       {"vision_config", "audio_config", "text_config", "boi_token_id", "audio_soft_tokens_per_image"}) {
    auto without = whole;
    without.erase(key);
    EXPECT_THAT(ErrorOf(without.dump()), HasSubstr("key '" + std::string(key) + "' is missing"));
  }
  for (const auto& item : whole["audio_config"].items()) {
    if (item.key() == "model_type") continue;
    auto without = whole;
    without["audio_config"].erase(item.key());
    EXPECT_THAT(ErrorOf(without.dump()), HasSubstr("key 'audio_config." + item.key() + "' is missing"));
  }
  auto other = whole;
  other["vision_config"]["model_args"] = {{"depth", 3}};
  EXPECT_THAT(ErrorOf(other.dump()), HasSubstr("'vision_config.model_args.depth' is not supported"));
  other = whole;
  other["audio_config"]["sscp_conv_kernel_size"] = {{3, 3}};
  EXPECT_THAT(ErrorOf(other.dump()), HasSubstr("expected two pairs of integers"));
}

TEST(Config, UnknownShapesAreTheUsersMistake) { EXPECT_THROW(ShapeConfigJson("e3b"), UserError); }

TEST(Config, ShapesThatShipAreBuiltInAsTheirFilesStand) {
  for (const char* shape : {"e2b", "e4b", "small", "arm", "small_multimodal"}) {
    EXPECT_EQ(ShapeConfigJson(shape),
              ShapeConfigJson(Format("{}/configs/models/{}.json", PLELAB_SOURCE_DIR, shape)))
        << shape;
  }
  EXPECT_EQ(ParseConfig(ShapeConfigJson("small"), "small").text.num_hidden_layers, 10);
}

std::string TinyErrorWith(const std::string& key, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(TinyConfig());
  json[key] = value;
  return ErrorOf(json.dump());
}

TEST(Config, ValuesRightBehindTheirLimitsAreNamed) {
  EXPECT_THAT(TinyErrorWith("num_hidden_layers", 0),
              HasSubstr("expected an integer from 1 to 1024, found 0"));
  EXPECT_THAT(TinyErrorWith("num_hidden_layers", 1025), HasSubstr("from 1 to 1024, found 1025"));
  EXPECT_THAT(TinyErrorWith("num_kv_shared_layers", 4), HasSubstr("from 0 to 3, found 4"));
  EXPECT_THAT(TinyErrorWith("altup_num_inputs", 65), HasSubstr("from 1 to 64, found 65"));
  EXPECT_THAT(TinyErrorWith("altup_active_idx", -1), HasSubstr("from 0 to 1, found -1"));
  EXPECT_THAT(TinyErrorWith("bos_token_id", -1), HasSubstr("'bos_token_id'"));
  EXPECT_THAT(TinyErrorWith("eos_token_id", {1, -1}), HasSubstr("'eos_token_id'"));
  EXPECT_THAT(TinyErrorWith("altup_coef_clip", 0),
              HasSubstr("key 'altup_coef_clip': expected a number above 0, found 0"));
  EXPECT_THAT(TinyErrorWith("final_logit_softcapping", -1), HasSubstr("expected a number above 0, found -1"));
  EXPECT_THAT(TinyErrorWith("activation_sparsity_pattern", {0.0, -0.5, 0.0}),
              HasSubstr("expected numbers from 0 up to 1 (0 is dense), found -0.5"));
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id", "altup_active_idx"}) {
    EXPECT_EQ(TinyErrorWith(key, 0), "no error") << key;
  }
  EXPECT_EQ(TinyErrorWith("num_kv_shared_layers", 0), "no error");
  EXPECT_EQ(TinyErrorWith("altup_num_inputs", 64), "no error");
}

TEST(Config, OneSparsityStandsForEveryLayerAndElevenLayersAreSparse) {
  auto json = nlohmann::json::parse(TinyConfig());
  json["activation_sparsity_pattern"] = 0.25;
  EXPECT_THAT(ParseConfig(json.dump(), "x").text.activation_sparsity_pattern, ElementsAre(0.25, 0.25, 0.25));
  json["num_hidden_layers"] = 11;
  json["intermediate_size"] = 24;
  json["layer_types"] = nullptr;
  json["activation_sparsity_pattern"] = nullptr;
  const TextConfig text = ParseConfig(json.dump(), "x").text;
  EXPECT_EQ(text.activation_sparsity_pattern[9], 0.95);
  EXPECT_EQ(text.activation_sparsity_pattern[10], 0);
}

TEST(Config, RopeIsPlainInEverySpelling) {
  auto json = nlohmann::json::parse(TinyConfig());
  auto& sliding = json["rope_parameters"]["sliding_attention"];
  sliding["partial_rotary_factor"] = 1;
  EXPECT_EQ(ErrorOf(json.dump()), "no error");
  sliding["partial_rotary_factor"] = 0.5;
  EXPECT_THAT(ErrorOf(json.dump()),
              HasSubstr("'rope_parameters.sliding_attention.partial_rotary_factor': expected 1, found 0.5"));
  sliding = {{"rope_theta", 0}, {"rope_type", "default"}};
  EXPECT_THAT(ErrorOf(json.dump()),
              HasSubstr("'rope_parameters.sliding_attention.rope_theta': expected a number"));
  sliding = {{"rope_theta", 1}, {"type", "linear"}};
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("expected default, found 'linear'; scaled RoPE"));
  json.erase("rope_parameters");
  json.update({{"rope_theta", 1e6}, {"rope_local_base_freq", 1e4}, {"rope_scaling", {{"type", "dynamic"}}}});
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("'rope_scaling.type': expected default, found 'dynamic'"));
  json["rope_scaling"]["type"] = "default";
  EXPECT_EQ(ErrorOf(json.dump()), "no error");
}

TEST(Config, IdsOfTheTopLevelWin) {
  auto json = nlohmann::json::parse(ShapeConfigJson("e2b"));
  json["text_config"].update({{"bos_token_id", 5}, {"eos_token_id", 6}, {"pad_token_id", 7}});
  json.update({{"bos_token_id", nullptr}, {"eos_token_id", {8, 9}}, {"pad_token_id", 0}});
  const Gemma3nConfig config = ParseConfig(json.dump(), "x");
  EXPECT_EQ(config.bos_token_id, 5);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(8, 9));
  EXPECT_EQ(config.pad_token_id, 0);
}

TEST(Config, TowersHaveTheirLimits) {
  const auto with = [](const char* tower, const nlohmann::json& changes) {
    auto json = nlohmann::json::parse(ShapeConfigJson("e2b"));
    json[tower].update(changes);
    return ErrorOf(json.dump());
  };
  const auto width = [&](const nlohmann::json& args) {
    return with("vision_config", {{"model_args", args}});
  };
  EXPECT_EQ(width({{"channel_multiplier", 16}}), "no error");
  EXPECT_EQ(width(nlohmann::json::object()), "no error");
  EXPECT_THAT(width({{"channel_multiplier", 16.5}}), HasSubstr("above 0, at most 16, found 16.5"));
  EXPECT_THAT(width({{"channel_multiplier", 0}}), HasSubstr("above 0, at most 16, found 0"));
  EXPECT_THAT(with("vision_config", {{"architecture", "vit"}}),
              HasSubstr("expected mobilenetv5_300m_enc, found 'vit'"));
  EXPECT_THAT(with("vision_config", {{"do_pooling", true}}), HasSubstr("'vision_config.do_pooling'"));
  const auto audio = [&](const nlohmann::json& changes) { return with("audio_config", changes); };
  EXPECT_THAT(audio({{"sscp_conv_channel_size", {128, 32, 8}}}), HasSubstr("expected two integers, found 3"));
  EXPECT_THAT(audio({{"sscp_conv_stride_size", {{2, 2}, {2, 2, 2}}}}), HasSubstr("expected two pairs"));
  EXPECT_THAT(audio({{"conf_num_attention_heads", 7}}),
              HasSubstr("expected a divisor of 'hidden_size' = 1536, found 7"));
  EXPECT_EQ(audio({{"conf_attention_context_right", 0}, {"vocab_offset", 0}}), "no error");
  // Two bins and one of padding on each side, convolved to (4 − 3) / 2 + 1 = 1 and again to one.
  const auto kernels = [&](int64_t first, int64_t second) {
    return audio({{"input_feat_size", 2}, {"sscp_conv_kernel_size", {{3, first}, {3, second}}}});
  };
  EXPECT_EQ(kernels(4, 3), "no error");
  EXPECT_THAT(kernels(5, 3), HasSubstr("expected at most 4 frequency bins in convolution 0, found 5"));
  EXPECT_THAT(kernels(3, 4), HasSubstr("expected at most 3 frequency bins in convolution 1, found 4"));
}

TEST(Config, FilesThatCannotBeOpenedAreNamed) {
  const auto error = [](const auto& read) -> std::string {
    try {
      read();
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_EQ(error([] { ReadConfig("no/config.json"); }),
            "no/config.json: cannot be opened; expected the config.json of a Gemma 3n checkpoint");
  EXPECT_THAT(error([] { ShapeConfigJson("e3b"); }),
              AllOf(HasSubstr("shape 'e3b': expected "), HasSubstr("e2b, "),
                    HasSubstr(", or the path of a config.json; e3b cannot be opened")));
}

}  // namespace config_test
}  // namespace plelab
