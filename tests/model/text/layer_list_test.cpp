#include "model/text/layer_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"
#include "tests/support/mixed_layers.h"

namespace plelab {
namespace layer_list_test {

TextConfig MixedConfig() { return testing::MixedLayers({4, 5, 6, 7, 8, 9, 10}); }

void ExpectRefused(const LayerList& layers, const std::string& what) {
  try {
    CheckLayers(layers, MixedConfig());
    FAIL() << "accepted; expected a complaint about " << what;
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(what));
  }
}

TEST(LayerList, TheDefaultIsTheCheckpointsOwnOrder) {
  const LayerList layers = DefaultLayers(MixedConfig());
  ASSERT_EQ(layers.size(), 7u);
  CheckLayers(layers, MixedConfig());
  EXPECT_EQ(layers[5].source_layer, 5);
  EXPECT_EQ(layers[5].ple_slice, 5);
  EXPECT_EQ(layers[5].ffn_width, 9);
  EXPECT_EQ(layers[0].activation_sparsity, 0.95);
}

TEST(LayerList, DonorsAreTheLastNonSharingLayersOfTheSameType) {
  const LayerList layers = DefaultLayers(MixedConfig());
  std::vector<int64_t> donors;
  for (const LayerSpec& layer : layers) donors.push_back(layer.kv_donor);
  EXPECT_THAT(donors, ::testing::ElementsAre(0, 1, 2, 3, 3, 2, 2));
  EXPECT_EQ(LastDonor(layers), 3);
}

TEST(LayerList, RefusesWhatCannotRun) {
  const LayerList good = DefaultLayers(MixedConfig());
  ExpectRefused({}, "empty");
  LayerList bad = good;
  bad[2].source_layer = 7;
  ExpectRefused(bad, "position 2: source_layer is 7");
  bad = good;
  bad[4].kv_donor = 5;
  ExpectRefused(bad, "position 4: kv_donor is 5");
  bad = good;
  bad[5].kv_donor = 3;  // a full layer's keys for a sliding layer
  ExpectRefused(bad, "same layer type");
  bad = good;
  bad[6].kv_donor = 5;  // a layer that shares keys itself
  ExpectRefused(bad, "makes keys");
  bad = good;
  bad[4].kv_donor = 4;  // a layer without key weights
  ExpectRefused(bad, "key and value weights");
  bad = good;
  bad[1].ffn_width = 6;
  ExpectRefused(bad, "position 1: ffn_width is 6");
}

}  // namespace layer_list_test
}  // namespace plelab
