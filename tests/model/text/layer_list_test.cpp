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

TEST(LayerList, RefusesEachFieldRightBehindItsLimits) {
  const auto with = [](size_t at, const auto& change) {
    LayerList layers = DefaultLayers(MixedConfig());
    change(layers[at]);
    return layers;
  };
  ExpectRefused(with(2, [](LayerSpec& l) { l.source_layer = -1; }),
                "position 2: source_layer is -1, expected a layer of the checkpoint");
  ExpectRefused(with(1, [](LayerSpec& l) { l.ple_slice = -2; }),
                "position 1: ple_slice is -2, expected a layer of the checkpoint, or -1 for none");
  ExpectRefused(with(1, [](LayerSpec& l) { l.ple_slice = 7; }), "position 1: ple_slice is 7");
  ExpectRefused(with(3, [](LayerSpec& l) { l.ffn_width = 0; }), "position 3: ffn_width is 0, expected 1 to");
  ExpectRefused(with(0, [](LayerSpec& l) { l.activation_sparsity = 1; }),
                "activation_sparsity in percent is 100, expected 0 to 99");
  ExpectRefused(with(0, [](LayerSpec& l) { l.activation_sparsity = -0.25; }), "in percent is -25");
  ExpectRefused(with(4, [](LayerSpec& l) { l.kv_donor = -1; }),
                "position 4: kv_donor is -1, expected this position or an earlier one");
  CheckLayers(with(6, [](LayerSpec& l) { l.ple_slice = kNoPle; }), MixedConfig());
  CheckLayers(with(5, [](LayerSpec& l) { l.ple_slice = 0; }), MixedConfig());
  CheckLayers(with(6, [](LayerSpec& l) { l.ffn_width = 1; }), MixedConfig());
  CheckLayers(with(3, [](LayerSpec& l) { l.activation_sparsity = 0.99; }), MixedConfig());
  EXPECT_EQ(LastDonor({DefaultLayers(MixedConfig())[0]}), 0);
}

}  // namespace layer_list_test
}  // namespace plelab
