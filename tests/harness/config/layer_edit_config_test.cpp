// `layers` of a variant: how they are written, swept and recorded, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace layer_edit_config_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Lines 1 to 4.  What a test adds starts on line 5.
const std::string kDepth =
    "experiment: depth\n"
    "model: {checkpoint: ckpt, threads: 2}\n"
    "accuracy: {trace: t.json}\n"
    "variants:\n";

std::string Variant(const std::string& layers, const std::string& name = "v") {
  return "  - {name: " + name + ", ple: {strategy: resident}, layers: " + layers + "}\n";
}
LayerEdit EditOf(const std::string& layers) { return Parse(kDepth + Variant(layers)).variants[0].layers; }
std::string EditError(const std::string& layers) { return ErrorOf(kDepth + Variant(layers)); }

TEST(LayerEditConfig, LayersAreOneARangeOrAList) {
  EXPECT_THAT(EditOf("{skip: 3}").skip, ElementsAre(3));
  EXPECT_THAT(EditOf("{skip: 0-2+5}").skip, ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(EditOf("{skip: [0-1, 5]}").skip, ElementsAre(0, 1, 5));
  EXPECT_THAT(EditOf("{order: [0, 2, 1, 3-5, 5]}").order, ElementsAre(0, 2, 1, 3, 4, 5, 5));
  EXPECT_THAT(EditOf("{order: 2+0-1}").order, ElementsAre(2, 0, 1));
  const LayerEdit repeat = EditOf("{repeat: 4-6, times: 3}");
  EXPECT_THAT(repeat.repeat, ElementsAre(4, 5, 6));
  EXPECT_EQ(repeat.times, 3);
  EXPECT_EQ(EditOf("{repeat: 4}").times, 2);
}

TEST(LayerEditConfig, WidthsUpToOneAreSharesAboveItUnits) {
  EXPECT_THAT(EditOf("{ffn: 0.5}").ffn, ElementsAre(FfnWidth{.share = 0.5}));
  EXPECT_THAT(EditOf("{ffn: 25%}").ffn, ElementsAre(FfnWidth{.share = 0.25}));
  EXPECT_THAT(EditOf("{ffn: 8192}").ffn, ElementsAre(FfnWidth{.units = 8192}));
  EXPECT_THAT(EditOf("{ffn: [1, 2, 75%]}").ffn,
              ElementsAre(FfnWidth{}, FfnWidth{.units = 2}, FfnWidth{.share = 0.75}));
}

TEST(LayerEditConfig, AnEditedVariantIsNeverExactNorABaseline) {
  const ExperimentConfig config =
      Parse(kDepth + Variant("{skip: 0}", "a") + "  - {name: whole, ple: {strategy: resident}}\n" +
            Variant("{ffn: 1}", "b"));
  EXPECT_FALSE(IsExact(config.variants[0]));
  EXPECT_TRUE(IsExact(config.variants[1]));
  EXPECT_FALSE(IsExact(config.variants[2]));
}

TEST(LayerEditConfig, IsRecordedAndReadBack) {
  const ExperimentConfig config = Parse(
      kDepth + "  - {name: whole, ple: {strategy: resident}}\n" + Variant("{skip: [0-2, 5], ffn: 50%}", "a") +
      Variant("{repeat: 1-2, times: 3}", "b") + Variant("{order: [3, 0-2], ffn: [0.5, 7]}", "c"));
  for (const char* text :
       {"skip: 0-2+5", "ffn: 0.5", "repeat: 1-2", "times: 3", "order: 3+0-2", "ffn: [0.5, 7]"})
    EXPECT_THAT(config.resolved_yaml, HasSubstr(text));
  const ExperimentConfig again = Parse(config.resolved_yaml);
  EXPECT_EQ(again.resolved_yaml, config.resolved_yaml);
  for (size_t i = 0; i < config.variants.size(); ++i)
    EXPECT_EQ(again.variants[i].layers, config.variants[i].layers) << config.variants[i].name;
  EXPECT_TRUE(again.variants[0].layers.empty());
}

TEST(LayerEditConfig, ASweepGivesTheValuesThatAreLeftEmpty) {
  const ExperimentConfig config = Parse(kDepth + "  - {name: whole, ple: {strategy: resident}}\n" +
                                        Variant("{skip: }", "skip") + Variant("{skip: 6-7, ffn: }", "slice") +
                                        "sweep: {layers.skip: [0, 1-2], layers.ffn: [50%, 0.25]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("whole", "skip@skip=0", "skip@skip=1-2", "slice@ffn=50%", "slice@ffn=0.25"));
  EXPECT_THAT(config.variants[2].layers.skip, ElementsAre(1, 2));
  EXPECT_THAT(config.variants[4].layers.skip, ElementsAre(6, 7));
  EXPECT_THAT(config.variants[4].layers.ffn, ElementsAre(FfnWidth{.share = 0.25}));
  EXPECT_THAT(ErrorOf(kDepth + Variant("{skip: 1}") + "sweep: {layers.skip: [0]}\n"),
              StartsWith("x.yaml:6:9: no variant uses 'layers.skip'"));
  EXPECT_THAT(ErrorOf(kDepth + Variant("{skip: }") + "sweep: {layers.skips: [0]}\n"),
              HasSubstr("'layers.skips' cannot be swept"));
}

TEST(LayerEditConfig, OtherExperimentsHaveNoLayersToEdit) {
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants:\n" + Variant("{skip: 1}")),
            "x.yaml:5:42: unknown key 'layers' in 'variants'; known: name, ple, model, workload, page_cache, "
            "group, own_table");
  EXPECT_EQ(ErrorOf("experiment: ple_rank\nmodel: {checkpoint: c}\naccuracy: {trace: t}\nvariants:\n" +
                    Variant("{skip: 1}")),
            "x.yaml:5:42: unknown key 'layers' in 'variants'; known: name, ple, model");
}

TEST(LayerEditConfig, MistakesAreSaidWithTheirPlace) {
  EXPECT_EQ(EditError("{skipp: 1}"),
            "x.yaml:5:51: unknown key 'skipp' in 'variants[v].layers'; known: skip, repeat, times, order, "
            "ffn; did you mean 'skip'?");
  EXPECT_THAT(EditError("{}"),
              StartsWith("x.yaml:5:50: 'variants[v].layers' is empty, expected at least one of"));
  EXPECT_THAT(EditError("3"), StartsWith("x.yaml:5:50: 'variants[v].layers': expected a map, found '3'"));
  EXPECT_THAT(EditError("{skip: }"),
              HasSubstr("'skip' in 'variants[v].layers': expected layers such as 5, 0-3"));
  EXPECT_THAT(EditError("{skip: three}"),
              StartsWith("x.yaml:5:57: 'three' for 'skip': expected a layer; write"));
  EXPECT_THAT(EditError("{skip: [1, x]}"), StartsWith("x.yaml:5:61: 'x' for 'skip': expected a layer"));
  EXPECT_THAT(EditError("{skip: []}"), HasSubstr("expected at least one layer"));
  EXPECT_THAT(EditError("{skip: 3-1}"), HasSubstr("a range that ends before it begins"));
  EXPECT_THAT(EditError("{skip: 1+1}"), StartsWith("x.yaml:5:50: 'skip' names layer 1 twice"));
  EXPECT_THAT(EditError("{repeat: 1+3}"), HasSubstr("'repeat' is 1+3, expected one layer or neighbours"));
  EXPECT_THAT(EditError("{repeat: 1, times: 1}"),
              HasSubstr("expected a whole number from 2 to 64, found '1'"));
  EXPECT_THAT(EditError("{skip: 1, times: 2}"),
              StartsWith("x.yaml:5:60: 'times' in 'variants[v].layers' says how"));
  EXPECT_THAT(EditError("{order: 0-2, skip: 1}"), HasSubstr("'skip' has no say beside it"));
  for (const char* width : {"0", "-1", "1.5", "0%", "120%", "wide", "{a: 1}"})
    EXPECT_THAT(EditError("{ffn: " + std::string(width) + "}"),
                HasSubstr("'ffn' in 'variants[v].layers': expected a share"))
        << width;
}

// Identifies what each edit does by the keys that it has.
TEST(LayerEditConfig, TheShippedConfigTakesEachLayerAloneAndEachPairOfNeighbours) {
  const ExperimentConfig config = ReadExperimentConfig(PLELAB_SOURCE_DIR "/configs/depth_small.yaml");
  EXPECT_TRUE(IsExact(config.variants[0]));
  const TextConfig text = ReadConfig(PLELAB_SOURCE_DIR "/configs/models/small.json").text;
  std::map<int64_t, int> skipped, repeated;
  int swapped = 0;
  for (const VariantConfig& variant : config.variants) {
    const LayerList layers = EditLayers(variant.layers, text);  // throws if a variant cannot run
    if (variant.layers.skip.size() == 1) ++skipped[variant.layers.skip[0]];
    if (variant.layers.repeat.size() == 1) ++repeated[variant.layers.repeat[0]];
    int moved = 0;
    for (size_t i = 0; i < layers.size(); ++i) moved += layers[i].source_layer != static_cast<int64_t>(i);
    swapped += !variant.layers.order.empty() && moved == 2;
  }
  EXPECT_EQ(skipped.size(), 9u);
  EXPECT_FALSE(skipped.contains(4)) << "its keys are all that layer 9 has";
  EXPECT_EQ(repeated.size(), 10u);
  EXPECT_EQ(swapped, 9);
}

}  // namespace layer_edit_config_test
}  // namespace plelab
