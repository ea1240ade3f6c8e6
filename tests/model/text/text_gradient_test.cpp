// The decoder under autograd: its gradients are the reference's, and its loss falls.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "model/catalog/text_weight_list.h"
#include "model/text/text_model.h"
#include "tests/support/golden.h"

namespace plelab {
namespace text_gradient_test {

// A trained tensor, with its name in the checkpoint.
struct Parameter {
  torch::Tensor values;
  bool transposed = false;
  torch::Tensor gradient() const { return transposed ? values.grad().t() : values.grad(); }
};

Parameter AsParameter(const torch::Tensor& field) { return {field}; }
Parameter AsParameter(const LinearWeight& field) {
  return {field.values, field.layout == WeightLayout::kTransposed};
}

std::map<std::string, Parameter> Parameters(const TextConfig& config, TextWeights& weights) {
  std::map<std::string, Parameter> parameters;
  ForEachTensor("model.", config, weights, [&](const TensorSpec& spec, auto& field) {
    const Parameter parameter = AsParameter(field);
    if (!parameter.values.defined()) return;
    parameter.values.requires_grad_(true);
    parameters[spec.name] = parameter;
  });
  return parameters;
}

torch::Tensor NextTokenLoss(const TextModel& model, const torch::Tensor& ids) {
  const auto rows = PleRows::FromTable(model.weights.embed_tokens_per_layer, ids,
                                       model.config.hidden_size_per_layer_input, model.padding_idx);
  const auto logits = TextForward(model, EmbedTokens(ids, model), rows, nullptr, LogitsWanted::kAll);
  const int64_t tokens = ids.size(1);
  return torch::cross_entropy_loss(logits.narrow(1, 0, tokens - 1).flatten(0, 1),
                                   ids.narrow(1, 1, tokens - 1).flatten());
}

TEST(TextGradients, AgreeWithTheReference) {
  const TextGolden golden("gradients");
  const TextConfig& config = golden.checkpoint->config().text;
  TextWeights weights = LoadTextWeights(*golden.checkpoint, {.dtype = DType::kFloat32, .ple_table = true});
  const LayerList layers = DefaultLayers(config);
  auto parameters = Parameters(config, weights);
  const auto loss = NextTokenLoss({config, weights, layers}, golden.ids());
  EXPECT_NEAR(loss.item<double>(), golden["loss"].item<double>(), 1e-5);
  loss.backward();

  int64_t compared = 0;
  for (const auto& [name, tensor] : golden.tensors) {
    if (!name.starts_with("grad.")) continue;
    const auto parameter = parameters.find(name.substr(5));
    ASSERT_NE(parameter, parameters.end()) << name;
    ASSERT_TRUE(parameter->second.values.grad().defined()) << name;
    const auto gradient = parameter->second.gradient();
    ASSERT_EQ(gradient.sizes(), tensor.sizes()) << name;
    EXPECT_LE(MaxAbs(gradient - tensor), 1e-6 + 2e-4 * MaxAbs(tensor)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, static_cast<int64_t>(parameters.size()));
}

TEST(TextGradients, ThePaddingRowOfTheTableGetsNone) {
  const TextGolden golden("gradients");
  const TextConfig& config = golden.checkpoint->config().text;
  TextWeights weights = LoadTextWeights(*golden.checkpoint, {.dtype = DType::kFloat32, .ple_table = true});
  const LayerList layers = DefaultLayers(config);
  Parameters(config, weights);
  const auto ids = torch::tensor({{2, 0, 35, 7, 0, 3}});  // 35 is outside the table, so it reads row 0 too
  NextTokenLoss({config, weights, layers}, ids).backward();
  const auto gradient = weights.embed_tokens_per_layer.grad();
  EXPECT_EQ(MaxAbs(gradient[0]), 0);
  EXPECT_GT(MaxAbs(gradient[7]), 0);
}

class TextTraining : public ::testing::TestWithParam<DType> {};

TEST_P(TextTraining, AToysLossFallsInTwentySteps) {
  const TextGolden golden("gradients");
  const TextConfig& config = golden.checkpoint->config().text;
  TextWeights weights = LoadTextWeights(*golden.checkpoint, {.dtype = GetParam(), .ple_table = true});
  const LayerList layers = DefaultLayers(config);
  auto parameters = Parameters(config, weights);
  const TextModel model{config, weights, layers, /*padding_idx=*/0, /*training=*/true};
  std::vector<double> losses;
  for (int step = 0; step < 20; ++step) {
    const auto loss = NextTokenLoss(model, golden.ids());
    losses.push_back(loss.item<double>());
    loss.backward();
    const at::NoGradGuard no_grad;
    for (auto& [name, parameter] : parameters) {
      const torch::Tensor& values = parameter.values;
      ASSERT_TRUE(values.grad().isfinite().all().item<bool>()) << name << ", step " << step;
      values.sub_(values.grad(), 0.05);
      values.mutable_grad() = torch::Tensor();
    }
  }
  EXPECT_LT(losses.back(), 0.7 * losses.front());
}

INSTANTIATE_TEST_SUITE_P(DTypes, TextTraining, ::testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& dtype) { return std::string(Name(dtype.param)); });

// The reference clips in training mode only: prediction coefficients in place, correction coefficients when
// they are used.
TEST(TextTraining, ClipsAltUpsCoefficientsInTrainingOnly) {
  const TextGolden golden("gradients");
  TextConfig config = golden.checkpoint->config().text;
  config.altup_coef_clip = 0.01;
  TextWeights weights = LoadTextWeights(*golden.checkpoint, {.dtype = DType::kFloat32, .ple_table = true});
  const LayerList layers = DefaultLayers(config);
  const auto& prediction = weights.layers[1].altup.prediction_coefs.values;
  const auto& correction = weights.layers[1].altup.correction_coefs.values;
  const double before = MaxAbs(correction);
  const double free = NextTokenLoss({config, weights, layers}, golden.ids()).item<double>();
  EXPECT_GT(MaxAbs(prediction), 0.01);
  const double clipped = NextTokenLoss({config, weights, layers, 0, true}, golden.ids()).item<double>();
  EXPECT_LE(MaxAbs(prediction), 0.01);
  EXPECT_EQ(MaxAbs(correction), before);
  EXPECT_NE(free, clipped);
}

}  // namespace text_gradient_test
}  // namespace plelab
