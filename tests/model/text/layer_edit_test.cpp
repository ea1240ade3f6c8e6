#include "model/text/layer_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "tests/support/mixed_layers.h"

namespace plelab {
namespace layer_edit_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TextConfig MixedConfig() { return testing::MixedLayers({8, 8, 16, 16, 16, 16, 16}); }

LayerList Edited(const LayerEdit& edit) { return EditLayers(edit, MixedConfig()); }

template <class Field>
std::vector<int64_t> Each(const LayerList& layers, Field field) {
  std::vector<int64_t> values;
  for (const LayerSpec& layer : layers) values.push_back(layer.*field);
  return values;
}
std::vector<int64_t> Sources(const LayerList& l) { return Each(l, &LayerSpec::source_layer); }
std::vector<int64_t> Donors(const LayerList& l) { return Each(l, &LayerSpec::kv_donor); }
std::vector<int64_t> Widths(const LayerList& l) { return Each(l, &LayerSpec::ffn_width); }

std::string ErrorOf(const LayerEdit& edit) {
  try {
    Edited(edit);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LayerEdit, NoEditIsTheCheckpointsOwnList) { EXPECT_EQ(Edited({}), DefaultLayers(MixedConfig())); }

TEST(LayerEdit, EachLayerKeepsItsOwnPleSliceWhereverItRuns) {
  for (const LayerEdit& edit : {LayerEdit{.skip = {2}}, LayerEdit{.repeat = {1, 2}, .times = 3},
                                LayerEdit{.order = {0, 3, 2, 1, 4}}}) {
    const LayerList layers = Edited(edit);
    EXPECT_EQ(Each(layers, &LayerSpec::ple_slice), Sources(layers));
    for (const LayerSpec& layer : layers)
      EXPECT_EQ(layer.type, MixedConfig().layer_types[layer.source_layer]);
  }
}

TEST(LayerEdit, ASkippedDonorLeavesTheOneBeforeIt) {
  const LayerList layers = Edited({.skip = {2, 3}});
  EXPECT_THAT(Sources(layers), ElementsAre(0, 1, 4, 5, 6));
  EXPECT_THAT(Donors(layers), ElementsAre(0, 1, 1, 0, 0));
}

TEST(LayerEdit, ARepeatedLayerMakesKeysAgainAndTheLastOnesAreRead) {
  const LayerList layers = Edited({.repeat = {2, 3, 4}});
  EXPECT_THAT(Sources(layers), ElementsAre(0, 1, 2, 3, 4, 2, 3, 4, 5, 6));
  EXPECT_THAT(Donors(layers), ElementsAre(0, 1, 2, 3, 3, 5, 6, 6, 5, 5));
  EXPECT_THAT(Sources(Edited({.repeat = {6}, .times = 3})), ElementsAre(0, 1, 2, 3, 4, 5, 6, 6, 6));
  EXPECT_THAT(Sources(Edited({.skip = {0}, .repeat = {6}})), ElementsAre(1, 2, 3, 4, 5, 6, 6))
      << "a layer that is skipped and one that is repeated do not exclude each other";
}

TEST(LayerEdit, AnOrderMovesDonorsWithIt) {
  const LayerList layers = Edited({.order = {0, 1, 5, 2, 4, 3, 6, 6}});
  EXPECT_THAT(Sources(layers), ElementsAre(0, 1, 5, 2, 4, 3, 6, 6));
  EXPECT_THAT(Donors(layers), ElementsAre(0, 1, 0, 3, 1, 5, 3, 3));
  EXPECT_EQ(LastDonor(layers), 5);
}

TEST(LayerEdit, FfnWidthsAreSharesOrUnitsOfAllLayersOrOfEach) {
  EXPECT_THAT(Widths(Edited({.ffn = {{.share = 0.5}}})), ElementsAre(4, 4, 8, 8, 8, 8, 8));
  EXPECT_THAT(Widths(Edited({.ffn = {{.units = 5}}})), ElementsAre(5, 5, 5, 5, 5, 5, 5));
  EXPECT_THAT(
      Widths(Edited({.skip = {1}, .ffn = {{}, {.units = 3}, {.share = 0.25}, {}, {}, {.units = 7}, {}}})),
      ElementsAre(8, 4, 16, 16, 7, 16))
      << "widths go with the checkpoint's layers";
  EXPECT_THAT(Widths(Edited({.order = {0}, .ffn = {{.share = 0.001}}})), ElementsAre(1)) << "never none";
}

TEST(LayerEdit, RefusesWhatCannotRunAndSaysWhy) {
  EXPECT_EQ(ErrorOf({.skip = {7}}), "'skip' names layer 7, the checkpoint has layers 0 to 6");
  EXPECT_EQ(ErrorOf({.repeat = {6, 7}}), "'repeat' names layer 7, the checkpoint has layers 0 to 6");
  EXPECT_EQ(ErrorOf({.order = {0, 99}}), "'order' names layer 99, the checkpoint has layers 0 to 6");
  EXPECT_EQ(ErrorOf({.skip = {2, 2}}), "'skip' names layer 2 twice");
  EXPECT_EQ(ErrorOf({.skip = {2}, .repeat = {1, 2}}), "layer 2 is in both 'skip' and 'repeat'");
  EXPECT_THAT(ErrorOf({.repeat = {1, 3}}), HasSubstr("'repeat' is 1+3, expected one layer or neighbours"));
  EXPECT_THAT(ErrorOf({.skip = {1}, .order = {0}}), HasSubstr("'skip' has no say beside it"));
  EXPECT_THAT(ErrorOf({.repeat = {1}, .order = {0}}), HasSubstr("'repeat' has no say beside it"));
  EXPECT_THAT(ErrorOf({.skip = {0, 1, 2, 3, 4, 5, 6}}), HasSubstr("leave at least one"));
  EXPECT_THAT(ErrorOf({.ffn = {{.units = 9}}}), HasSubstr("9 units for layer 0, which has 8"));
  EXPECT_THAT(ErrorOf({.ffn = {{.share = 1.5}}}), HasSubstr("a share of 1.5 for layer 0"));
  EXPECT_THAT(ErrorOf({.ffn = {{}, {}}}),
              HasSubstr("2 widths, expected one, or one for each of the checkpoint's 7"));
}

TEST(LayerEdit, ALayerWithoutADonorNamesThoseThatCouldBeIt) {
  EXPECT_THAT(ErrorOf({.skip = {0, 2}}),
              AllOf(HasSubstr("layer 5 (sliding_attention) reads the keys"),
                    HasSubstr("at position 3 none has"), HasSubstr("one of the layers 0+2 run before it")));
  EXPECT_THAT(ErrorOf({.order = {0, 4, 1, 3}}), HasSubstr("layer 4 (full_attention)"));
}

Gemma3nConfig Published(const std::string& shape) { return ParseConfig(ShapeConfigJson(shape), shape); }

TEST(LayerEdit, TheSliceOfE4BIsE2B) {
  Gemma3nConfig sliced = Published("e4b");
  const Gemma3nConfig e2b = Published("e2b");
  const LayerList layers = EditLayers({.skip = {20, 21, 22, 23, 24}, .ffn = {{.share = 0.5}}}, sliced.text);
  sliced.text = ConfigOf(layers, sliced.text);
  EXPECT_EQ(NamedSums(CountPublished(sliced, DType::kBFloat16).parameters),
            NamedSums(CountPublished(e2b, DType::kBFloat16).parameters));
  EXPECT_EQ(sliced.text.num_kv_shared_layers, e2b.text.num_kv_shared_layers);
  EXPECT_EQ(sliced.text.layer_types, e2b.text.layer_types);
  EXPECT_EQ(sliced.text.intermediate_size, e2b.text.intermediate_size);
  EXPECT_EQ(sliced.text.activation_sparsity_pattern, e2b.text.activation_sparsity_pattern);
  EXPECT_EQ(Donors(layers), Donors(DefaultLayers(e2b.text)));
}

// Leaves out two of the five layers and halves every FFN of the sharing layers.  What E4B loses is counted by
// hand.
TEST(LayerEdit, APointBetweenE4BAndE2BHasTheParametersInBetween) {
  Gemma3nConfig config = Published("e4b");
  const TextConfig& c = config.text;
  LayerEdit edit{.skip = {21, 23}};
  for (int64_t layer = 0; layer < 35; ++layer) edit.ffn.push_back({.share = layer < 20 ? 1 : 0.5});
  const auto whole = CountPublished(config, DType::kBFloat16).parameters;
  const int64_t halves = 13 * 3 * c.hidden_size * 8192;
  const int64_t ple_rows = 2 * c.hidden_size_per_layer_input * c.vocab_size_per_layer_input;
  config.text = ConfigOf(EditLayers(edit, c), c);
  const auto sliced = CountPublished(config, DType::kBFloat16).parameters;
  EXPECT_EQ(whole[ParameterGroup::kPleTable] - sliced[ParameterGroup::kPleTable], ple_rows);
  config = Published("e4b");
  config.text = ConfigOf(EditLayers({.skip = {21, 23}}, config.text), config.text);
  const auto shallower = CountPublished(config, DType::kBFloat16).parameters;
  EXPECT_EQ(shallower.effective() - sliced.effective(), halves);
  EXPECT_LT(sliced.effective(), whole.effective());
  EXPECT_GT(sliced.effective(), CountPublished(Published("e2b"), DType::kBFloat16).parameters.effective());
}

TEST(LayerEdit, AcceptsWhatIsRightAtItsLimits) {
  EXPECT_THAT(Widths(Edited({.ffn = {{.units = 8}}})), ElementsAre(8, 8, 8, 8, 8, 8, 8));
  EXPECT_THAT(Widths(Edited({.ffn = {{.share = 1}}})), ElementsAre(8, 8, 16, 16, 16, 16, 16));
  EXPECT_THAT(Widths(Edited({.ffn = {{.share = 0.32}}})), ElementsAre(3, 3, 5, 5, 5, 5, 5))
      << "2.56 and 5.12";
  EXPECT_THAT(Sources(Edited({.repeat = {1, 2}, .times = 1})), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Sources(Edited({.skip = {6}, .repeat = {0}})), ElementsAre(0, 0, 1, 2, 3, 4, 5));
  EXPECT_EQ(ErrorOf({.skip = {-1}}), "'skip' names layer -1, the checkpoint has layers 0 to 6");
  EXPECT_THAT(ErrorOf({.ffn = {{.share = 0}}}), HasSubstr("a share of 0 for layer 0, expected one above 0"));
  EXPECT_THAT(ErrorOf({.ffn = {{.share = NAN}}}), HasSubstr("a share of nan for layer 0"));
  EXPECT_THAT(ErrorOf({.ffn = {{}, {}, {}, {}, {}, {}}}), HasSubstr("'ffn' lists 6 widths"));
  EXPECT_THAT(ErrorOf({.ffn = {{}, {}, {.units = 17}, {}, {}, {}, {}}}),
              HasSubstr("17 units for layer 2, which has 16; a slice is at most as wide"));
}

}  // namespace layer_edit_test
}  // namespace plelab
