// What an observer is told of a step, and that being told changes nothing.
#include "model/text/decode/step_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>
#include <string>
#include <vector>

#include "model/text/decode/step_decoder.h"
#include "tests/support/small_text_config.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace step_part_test {

using ::testing::ElementsAre;

constexpr LayerType S = LayerType::kSliding, F = LayerType::kFull;

struct Told : StepObserver {
  void EndPart(StepPart part, int64_t layer) override {
    ends.push_back(std::string(Name(part)) + (layer == kNoLayer ? "" : std::to_string(layer)));
  }
  std::vector<std::string> ends;
};

// Two layers over random rows.
struct Decoder {
  explicit Decoder(PleKind kind = PleKind::kRows)
      : config(testing::SmallTextConfig({S, F}, 0)),
        weights(RandomTextWeights(config, 7, DType::kFloat32)),
        layers(DefaultLayers(config)) {
    torch::manual_seed(3);
    ple = MakeTensorPle(torch::randn({config.vocab_size_per_layer_input, 2 * 9}), 2, kind);
  }
  torch::Tensor Step(StepObserver* observer, int64_t logits_of = 83) {
    StepDecoder step({config, weights, layers, 0}, DType::kFloat32, 1);
    KvCache kv(config, layers, 1, 4, 1, DType::kFloat32, torch::kCPU);
    const std::vector<float> embeds(36, 0.5f);
    const std::vector<int64_t> id = {5};
    torch::Tensor logits = torch::zeros({logits_of});
    step.Run(embeds, *ple->Begin(id), kv, {logits.mutable_data_ptr<float>(), static_cast<size_t>(logits_of)},
             observer);
    return logits;
  }
  TextConfig config;
  TextWeights weights;
  LayerList layers;
  std::unique_ptr<PleSource> ple;
};

TEST(StepPart, EachEndsInTheOrderInWhichAStepComputes) {
  Told told;
  Decoder().Step(&told);
  EXPECT_THAT(told.ends,
              ElementsAre("input", "altup0", "attention0", "laurel0", "ffn0", "altup0", "ple0", "altup1",
                          "attention1", "laurel1", "ffn1", "altup1", "ple1", "altup", "logits"));
}

TEST(StepPart, LookingChangesNoBit) {
  Decoder decoder;
  Told told;
  EXPECT_TRUE(decoder.Step(&told).equal(decoder.Step(nullptr)));
}

TEST(StepPart, ThereIsNoPleWhereItsBranchIsOff) {
  Told off, of_one_layer;
  Decoder(PleKind::kBlockOff).Step(&off);
  EXPECT_THAT(off.ends, ::testing::Not(::testing::Contains(::testing::HasSubstr("ple"))));
  Decoder decoder;
  decoder.layers[0].ple_slice = kNoPle;
  decoder.Step(&of_one_layer);
  EXPECT_THAT(of_one_layer.ends, ::testing::Not(::testing::Contains("ple0")));
  EXPECT_THAT(of_one_layer.ends, ::testing::Contains("ple1"));
}

TEST(StepPart, AStepWithoutLogitsEndsWithItsLastLayer) {
  Told told;
  Decoder().Step(&told, /*logits_of=*/0);
  ASSERT_FALSE(told.ends.empty());
  EXPECT_EQ(told.ends.back(), "ple1");
}

TEST(StepPart, NoTwoHaveOneName) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kStepParts; ++i) names.insert(Name(static_cast<StepPart>(i)));
  EXPECT_EQ(names.size(), kStepParts);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace step_part_test
}  // namespace plelab
