// Compares our lists with the names and shapes of the reference's own modules.  Recipe:
// scripts/reference/make_tensor_names.py.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "model/catalog/text_weight_list.h"
#include "model/catalog/weight_catalog.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace weight_lists_test {

using Shapes = std::map<std::string, std::vector<int64_t>>;

nlohmann::json ReadFixture(const std::string& name) {
  return nlohmann::json::parse(testing::ReadText("tests/data/tensor_names/" + name + ".json"));
}

Shapes WithPrefix(const std::string& prefix, const nlohmann::json& fixture) {
  Shapes shapes;
  for (const auto& item : fixture.items())
    shapes[prefix + item.key()] = item.value().get<std::vector<int64_t>>();
  return shapes;
}

Shapes ShapesOf(const std::vector<TensorSpec>& specs) {
  Shapes shapes;
  for (const TensorSpec& spec : specs) EXPECT_TRUE(shapes.emplace(spec.name, spec.shape).second) << spec.name;
  return shapes;
}

TEST(WeightLists, VisionTowerIsTimmsAtEveryWidth) {
  const nlohmann::json fixture = ReadFixture("vision");
  ASSERT_EQ(fixture.size(), 4u);
  for (const auto& item : fixture.items()) {
    VisionConfig config;
    config.channel_multiplier = std::stod(item.key());
    EXPECT_EQ(ShapesOf(VisionTowerTensors(config)),
              WithPrefix("model.vision_tower.timm_model.", item.value()))
        << "width " << item.key();
  }
}

TEST(WeightLists, AudioTowerIsTheReferences) {
  const nlohmann::json fixture = ReadFixture("audio");
  const Gemma3nConfig published = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  EXPECT_EQ(ShapesOf(AudioTowerTensors(*published.audio)),
            WithPrefix("model.audio_tower.", fixture["default"]));
  AudioConfig odd;  // as ODD_AUDIO in the recipe
  odd.hidden_size = 36;
  odd.conf_num_attention_heads = 3;
  odd.conf_num_hidden_layers = 2;
  odd.input_feat_size = 21;
  odd.conf_conv_kernel_size = 7;
  odd.sscp_conv_channel_size = {6, 5};
  odd.sscp_conv_kernel_size = {{3, 5}, {5, 3}};
  odd.sscp_conv_stride_size = {{2, 3}, {2, 1}};
  EXPECT_EQ(ShapesOf(AudioTowerTensors(odd)), WithPrefix("model.audio_tower.", fixture["odd"]));
}

TEST(WeightLists, TextIsTheReferencesPlusTheUnusedKv) {
  const TextConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b").text;
  TextWeights weights = EmptyTextWeights(config);
  std::vector<TensorSpec> used, unused;
  ForEachTensor("", config, weights, [&](const TensorSpec& spec, const auto&) {
    (spec.group == ParameterGroup::kUnusedKv ? unused : used).push_back(spec);
  });
  EXPECT_EQ(ShapesOf(used), WithPrefix("", ReadFixture("text")["e2b"]));
  EXPECT_EQ(unused.size(), 3u * 10);  // transformers 5 has no such modules
  EXPECT_EQ(unused.front().name, "layers.20.self_attn.k_proj.weight");
}

TEST(WeightLists, TogetherTheyNameThePublishedIndex) {
  const auto index =
      nlohmann::json::parse(testing::ReadText("tests/data/published_e2b/model.safetensors.index.json"));
  std::set<std::string> published, ours;
  for (const auto& item : index["weight_map"].items()) published.insert(item.key());
  int64_t bytes = 0;
  for (const TensorSpec& spec : PublishedTensors(ReadConfig("tests/data/published_e2b/config.json"))) {
    ours.insert(spec.name);
    bytes += spec.elements() * 2;
  }
  EXPECT_EQ(ours, published);
  EXPECT_EQ(bytes, index["metadata"]["total_size"].get<int64_t>());
}

}  // namespace weight_lists_test
}  // namespace plelab
