// The bytes of a step by part: a case counted by hand, and that nothing is missing or counted twice.
#include "model/text/decode/step_bytes.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/small_text_config.h"

namespace plelab {
namespace step_bytes_test {

constexpr LayerType S = LayerType::kSliding, F = LayerType::kFull;
constexpr PleKind kKinds[] = {PleKind::kRows, PleKind::kFolded, PleKind::kProjectionOnly, PleKind::kBlockOff};

struct Model {
  explicit Model(const TextConfig& c)
      : config(c), weights(RandomTextWeights(c, 7, DType::kFloat32)), layers(DefaultLayers(c)) {}
  ByStepPart<int64_t> Parts(int64_t position, PleKind kind = PleKind::kRows) const {
    return StepBytesByPart({config, weights, layers, 0}, DType::kFloat32, position, kind);
  }
  int64_t Whole(int64_t position, PleKind kind = PleKind::kRows) const {
    return StepBytes({config, weights, layers, 0}, DType::kFloat32, position, kind);
  }
  TextConfig config;
  TextWeights weights;
  LayerList layers;
};

int64_t SumOf(const ByStepPart<int64_t>& parts) {
  return std::accumulate(parts.values.begin(), parts.values.end(), int64_t{0});
}

// Two full layers, the second of which makes no keys.  Width 36, 3 streams, FFN 24, rank 3, 9 numbers of PLE.
TEST(StepBytes, OfEachPartAreThoseCountedByHand) {
  const Model model(testing::SmallTextConfig({F, F}, /*kv_shared=*/1));
  const auto parts = model.Parts(/*position=*/7);
  const int64_t attention =
      (36 + 1440 + 10 + 1440 + 108) * 2 + 720 + 720 + 10;  // norm, q, its norm, o, LAuReL
  const int64_t keys_and_values = 2 * (2 * 8 * 20);
  EXPECT_EQ(parts[StepPart::kInput], 4 * (2 * 36 * 36 + 18 * 36 + 9));
  EXPECT_EQ(parts[StepPart::kAttention], 4 * (attention + keys_and_values));
  EXPECT_EQ(parts[StepPart::kLaurel], 4 * 2 * (108 + 36 + 36));
  EXPECT_EQ(parts[StepPart::kFfn], 4 * 2 * (36 + 3 * 24 * 36 + 36));
  EXPECT_EQ(parts[StepPart::kAltUp], 4 * (2 * (108 + 36 + 27 + 9) + 2 * 36 * 36));
  EXPECT_EQ(parts[StepPart::kPle], 4 * 2 * (36 + 324 + 324 + 36));
  EXPECT_EQ(parts[StepPart::kLogits], 4 * (36 + 83 * 36));
}

TEST(StepBytes, OfThePartsAddUpToTheWholeStep) {
  TextConfig sparse = testing::SmallTextConfig({S, F, S, F, S}, 2);
  sparse.intermediate_size = {70, 65, 51, 70, 33};
  sparse.activation_sparsity_pattern = {0.95, 0.8, 0.6, 0, 0};
  for (const TextConfig& config :
       {testing::SmallTextConfig({F}, 0), testing::SmallTextConfig({S, F, S}, 1), sparse}) {
    const Model model(config);
    for (const PleKind kind : kKinds) {
      for (const int64_t position : {0, 4, 30}) {
        EXPECT_EQ(model.Whole(position, kind), SumOf(model.Parts(position, kind)));
      }
    }
  }
}

// No tensor of the stack belongs to no part: without sparsity and shared keys a step reads each once.
TEST(StepBytes, OfThePartsHaveEveryTensorOnce) {
  for (const auto& types : {std::vector{F}, std::vector{S, F, S, S}}) {
    const Model model(testing::SmallTextConfig(types, 0));
    const int64_t keys_and_values = 4 * std::ssize(types) * 2 * 20;  // of position 0
    EXPECT_EQ(SumOf(model.Parts(0)),
              TextStackBytes(model.config, model.weights) + model.weights.head().nbytes() + keys_and_values);
  }
}

TEST(StepBytes, WhatRowsLeaveIdleIsMissingInItsPart) {
  Model model(testing::SmallTextConfig({S, F}, 0));
  const auto rows = model.Parts(3), folded = model.Parts(3, PleKind::kFolded);
  EXPECT_EQ(rows[StepPart::kInput] - folded[StepPart::kInput], 4 * (18 * 36 + 9));
  EXPECT_EQ(rows[StepPart::kPle], folded[StepPart::kPle]);
  EXPECT_EQ(model.Parts(3, PleKind::kBlockOff)[StepPart::kPle], 0);
  model.layers[0].ple_slice = kNoPle;
  EXPECT_EQ(model.Parts(3)[StepPart::kPle], rows[StepPart::kPle] / 2) << "one layer has no branch";
}

}  // namespace step_bytes_test
}  // namespace plelab
