// Compares fused passes with the same operations in ATen: values and gradients.
#include "model/ops/fused_ops.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "model/ops/ops.h"
#include "model/text/altup.h"

namespace plelab {
namespace fused_ops_test {

using Tensors = std::vector<torch::Tensor>;
using Op = std::function<Tensors(const Tensors&)>;

struct Outcome {
  Tensors values, gradients;
};

// Values of `op`, and the gradients of Σ values · fixed numbers with respect to all inputs.
Outcome Run(const Op& op, const Tensors& inputs) {
  Outcome outcome;
  Tensors leaves;
  for (const auto& input : inputs) leaves.push_back(input.detach().clone().requires_grad_(true));
  outcome.values = op(leaves);
  torch::Tensor sum = torch::zeros({});
  for (size_t i = 0; i < outcome.values.size(); ++i) {
    const auto weights = torch::linspace(-1, 2, outcome.values[i].numel()).view_as(outcome.values[i]);
    sum = sum + (outcome.values[i] * weights).sum() * static_cast<double>(i + 1);
  }
  sum.backward();
  for (const auto& leaf : leaves) outcome.gradients.push_back(leaf.grad());
  return outcome;
}

void ExpectSame(const Op& fused, const Op& unfused, const Tensors& inputs) {
  const Outcome a = Run(fused, inputs), b = Run(unfused, inputs);
  ASSERT_EQ(a.values.size(), b.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) {
    EXPECT_TRUE(torch::allclose(a.values[i], b.values[i], 1e-5, 1e-5)) << "value " << i;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double scale = b.gradients[i].abs().max().item<double>();
    EXPECT_TRUE(torch::allclose(a.gradients[i], b.gradients[i], 1e-4, 2e-5 * scale)) << "gradient " << i;
  }
}

// Lengths below, at and beyond whole vectors of every instruction set. (With one element the norm's gradient
// is nothing but rounding error.)
class FusedOps : public ::testing::TestWithParam<int64_t> {
 protected:
  FusedOps() { torch::manual_seed(0); }
  int64_t n() const { return GetParam(); }
};

TEST_P(FusedOps, RmsNorm) {
  const Tensors inputs = {torch::randn({3, 300, n()}), 1 + 0.3 * torch::randn({n()})};
  ExpectSame([](const Tensors& x) { return Tensors{FusedRmsNorm(x[0], x[1], 1e-6)}; },
             [](const Tensors& x) { return Tensors{UnfusedRmsNorm(x[0], x[1], 1e-6)}; }, inputs);
}

TEST_P(FusedOps, RmsNormWithoutWeight) {
  ExpectSame([](const Tensors& x) { return Tensors{FusedRmsNorm(x[0], {}, 1e-6)}; },
             [](const Tensors& x) { return Tensors{UnfusedRmsNorm(x[0], {}, 1e-6)}; },
             {torch::randn({7, n()})});
}

TEST_P(FusedOps, RmsNormOfRowsThatLieApart) {
  const auto slice = [](const torch::Tensor& x) { return x.narrow(1, 1, 2).narrow(2, 3, x.size(2) - 5); };
  ExpectSame([&](const Tensors& x) { return Tensors{FusedRmsNorm(slice(x[0]), {}, 1e-6)}; },
             [&](const Tensors& x) { return Tensors{UnfusedRmsNorm(slice(x[0]), {}, 1e-6)}; },
             {torch::randn({4, 6, n() + 5})});
}

TEST_P(FusedOps, GatedGelu) {
  for (const double sparsity : {0.0, 0.6, 0.95}) {
    ExpectSame([=](const Tensors& x) { return Tensors{FusedGatedGelu(x[0], x[1], sparsity)}; },
               [=](const Tensors& x) { return Tensors{UnfusedGatedGelu(x[0], x[1], sparsity)}; },
               {2 * torch::randn({5, 3, n() + 3}), torch::randn({5, 3, n() + 3})});
  }
}

TEST_P(FusedOps, MixStreams) {
  for (const int64_t count : {2, 3, 4}) {
    Tensors inputs;
    for (int64_t i = 0; i < count; ++i) inputs.push_back(torch::randn({2, 9, n()}));
    inputs.push_back(0.5 * torch::randn({2, 9, count * count}));
    const auto streams = [](const Tensors& x) { return Tensors(x.begin(), x.end() - 1); };
    ExpectSame([&](const Tensors& x) { return FusedMixStreams(streams(x), x.back()); },
               [&](const Tensors& x) { return MixStreamsUnfused(streams(x), x.back()); }, inputs);
  }
}

TEST_P(FusedOps, AddInnovation) {
  for (const int64_t active : {0, 2}) {
    Tensors inputs;
    for (int64_t i = 0; i < 4; ++i) inputs.push_back(torch::randn({2, 9, n()}));  // 3 predictions, activated
    inputs.push_back(1 + 0.5 * torch::randn({2, 9, 3}));
    const auto guesses = [](const Tensors& x) { return Tensors(x.begin(), x.begin() + 3); };
    ExpectSame([&](const Tensors& x) { return FusedAddInnovation(guesses(x), x[3], x[4], active); },
               [&](const Tensors& x) { return AddInnovationUnfused(guesses(x), x[3], x[4], active); },
               inputs);
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, FusedOps, ::testing::Values(2, 5, 16, 64, 77, 256),
                         [](const auto& n) { return std::to_string(n.param); });

// A gate of equal elements has no deviation, so nothing passes, and no gradient is NaN.
TEST(FusedGatedGelu, AFlatGateIsClosed) {
  auto gate = torch::ones({2, 24}).requires_grad_(true);
  const auto y = FusedGatedGelu(gate, torch::ones({2, 24}), 0.95);
  EXPECT_EQ(y.abs().max().item<double>(), 0);
  y.sum().backward();
  EXPECT_EQ(gate.grad().abs().max().item<double>(), 0);
}

}  // namespace fused_ops_test
}  // namespace plelab
