#include "model/checkpoint/tensor_spec.h"

#include <gtest/gtest.h>

namespace plelab {
namespace tensor_spec_test {

TEST(TensorSpec, CountsElementsAndInputs) {
  const TensorSpec kernel = MakeSpec("k", {4, 3, 5}, ParameterGroup::kVisionTower);
  EXPECT_EQ(kernel.elements(), 60);
  EXPECT_EQ(kernel.fan_in, 15);
  EXPECT_EQ(kernel.group, ParameterGroup::kVisionTower);
  const TensorSpec vector = MakeSpec("v", {7}, ParameterGroup::kTextStack);
  EXPECT_EQ(vector.elements(), 7);
  EXPECT_EQ(vector.fan_in, 1);
  EXPECT_EQ(MakeSpec("scalar", {}, ParameterGroup::kTextStack).elements(), 1);
}

TEST(TensorSpec, GroupsHaveTheNamesOfResults) {
  const std::pair<ParameterGroup, const char*> names[] = {
      {ParameterGroup::kTextStack, "text_stack"},     {ParameterGroup::kTokenEmbedding, "token_embedding"},
      {ParameterGroup::kPleTable, "ple_table"},       {ParameterGroup::kUnusedKv, "unused_kv"},
      {ParameterGroup::kVisionTower, "vision_tower"}, {ParameterGroup::kVisionEmbedder, "vision_embedder"},
      {ParameterGroup::kAudioTower, "audio_tower"},   {ParameterGroup::kAudioEmbedder, "audio_embedder"},
      {ParameterGroup::kOwnHead, "lm_head"}};
  for (const auto& [group, name] : names) EXPECT_EQ(Name(group), name);
}

}  // namespace tensor_spec_test
}  // namespace plelab
