// Errors that are known beforehand: those of a model beside itself, and of one whose single layer was
// changed.
#include "model/quantisation/layer_errors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/catalog/load_weights.h"
#include "tests/support/golden.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace layer_errors_test {

class LayerErrorsTest : public ::testing::Test {
 protected:
  LayerErrorsTest()
      : golden_("odd"),
        exact_(Load()),
        other_(Load()),
        layers_(DefaultLayers(text())),
        rows_(PleRows::FromTable(ReadPleTable(*golden_.checkpoint), ids(), text().hidden_size_per_layer_input,
                                 /*padding_idx=*/0)) {}

  const TextConfig& text() const { return golden_.checkpoint->config().text; }
  torch::Tensor ids() const { return golden_.ids(); }
  TextWeights Load() const { return LoadTextWeights(*golden_.checkpoint, {.dtype = DType::kFloat32}); }
  std::vector<LayerError> Errors() {
    return CompareLayers({text(), exact_, layers_}, {text(), other_, layers_}, ids(), rows_,
                         [&](int64_t done) { done_.push_back(done); });
  }

  TextGolden golden_;
  TextWeights exact_, other_;
  LayerList layers_;
  PleRows rows_;
  std::vector<int64_t> done_;
};

TEST_F(LayerErrorsTest, AModelBesideItselfHasNone) {
  const std::vector<LayerError> errors = Errors();
  ASSERT_EQ(std::ssize(errors), text().num_hidden_layers + 1);
  for (const LayerError& error : errors) {
    EXPECT_EQ(error.own, 0);
    EXPECT_EQ(error.accumulated, 0);
  }
  ASSERT_EQ(std::ssize(done_), text().num_hidden_layers);
  EXPECT_EQ(done_.back(), text().num_hidden_layers);
}

TEST_F(LayerErrorsTest, AChangedLayerHasItsOwnAndPassesItOn) {
  constexpr int64_t kChanged = 2;
  other_.layers[kChanged].post_feedforward_layernorm =
      other_.layers[kChanged].post_feedforward_layernorm * 1.5;
  const std::vector<LayerError> errors = Errors();
  for (int64_t i = 0; i < std::ssize(errors); ++i) {
    EXPECT_EQ(errors[i].own > 0, i == kChanged) << i;
    EXPECT_EQ(errors[i].accumulated > 0, i >= kChanged) << i;
  }
  EXPECT_EQ(errors[kChanged].own, errors[kChanged].accumulated);
}

// Layers that share another one's keys get the exact ones.
TEST_F(LayerErrorsTest, ADonorsKeysAreItsOwnError) {
  constexpr int64_t kDonor = 2;
  ASSERT_GT(std::ranges::count_if(layers_, [](const LayerSpec& spec) { return spec.kv_donor == kDonor; }), 1);
  LinearWeight& keys = other_.layers[kDonor].self_attn.k_proj;
  keys.values = keys.values + 0.1;
  other_.layers[kDonor].self_attn.k_norm = other_.layers[kDonor].self_attn.k_norm * 3;
  const std::vector<LayerError> errors = Errors();
  for (int64_t i = 0; i < std::ssize(errors); ++i) {
    EXPECT_EQ(errors[i].own > 0, i == kDonor) << i;
    EXPECT_EQ(errors[i].accumulated > 0, i >= kDonor) << i;
  }
}

// A last norm of twice the weights makes twice the logits where nothing caps them: an error of all of them.
TEST_F(LayerErrorsTest, TheLastIsThatOfTheLogits) {
  TextConfig uncapped = text();
  uncapped.final_logit_softcapping = 0;
  other_.norm = other_.norm * 2;
  const std::vector<LayerError> errors =
      CompareLayers({uncapped, exact_, layers_}, {uncapped, other_, layers_}, ids(), rows_, [](int64_t) {});
  EXPECT_EQ(errors[0].own, 0);
  EXPECT_NEAR(errors.back().own, 1, 1e-6);
  EXPECT_NEAR(errors.back().accumulated, 1, 1e-6);
}

}  // namespace layer_errors_test
}  // namespace plelab
