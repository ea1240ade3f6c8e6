// Compares the head and its loss, computed in slices, with ATen's cross entropy of all logits at once.
#include "model/training/head_loss.h"

#include <gtest/gtest.h>

#include "model/ops/ops.h"

namespace plelab {
namespace head_loss_test {

LinearWeight Head(int64_t vocab, int64_t hidden, WeightFormat format) {
  return {torch::randn({vocab, hidden}), format, WeightLayout::kRowMajor, vocab, hidden};
}

struct Case {
  LinearWeight head;
  torch::Tensor hidden, targets;
};

// Has more rows than one slice holds.
Case MakeCase(WeightFormat format) {
  torch::manual_seed(0);
  Case c{Head(9001, 12, format), torch::randn({300, 12}), torch::randint(9001, {300}, torch::kInt64)};
  c.targets[7] = kNotScored;
  c.targets[299] = kNotScored;
  return c;
}

torch::Tensor AllAtOnce(const Case& c, double softcap) {
  const torch::Tensor logits = Softcap(Linear(c.hidden, c.head), softcap);
  return torch::cross_entropy_loss(logits, c.targets, {}, at::Reduction::Sum, kNotScored);
}

TEST(HeadLoss, EqualsCrossEntropyOfAllLogits) {
  for (const double softcap : {0.0, 3.0, 30.0}) {
    Case c = MakeCase(WeightFormat::kFloat32);
    c.hidden.requires_grad_(true);
    c.head.values.requires_grad_(true);
    const auto expected = AllAtOnce(c, softcap);
    expected.backward();
    const auto hidden = c.hidden.grad().clone(), head = c.head.values.grad().clone();
    c.hidden.mutable_grad() = torch::Tensor();
    c.head.values.mutable_grad() = torch::Tensor();
    const auto loss = HeadLoss(c.hidden, c.head, softcap, c.targets);
    (loss * 2).backward();
    EXPECT_NEAR(loss.item<double>() / expected.item<double>(), 1, 1e-5) << softcap;
    EXPECT_TRUE(torch::allclose(c.hidden.grad(), 2 * hidden, 1e-3, 1e-4)) << softcap;
    EXPECT_TRUE(torch::allclose(c.head.values.grad(), 2 * head, 1e-3, 1e-4)) << softcap;
  }
}

// bfloat16 rounds the operands of products and the logits, but not the sums.
TEST(HeadLoss, RoundedProductsStayCloseToFloat32) {
  Case c = MakeCase(WeightFormat::kBFloat16);
  c.hidden.requires_grad_(true);
  c.head.values.requires_grad_(true);
  const auto loss = HeadLoss(c.hidden, c.head, 30, c.targets);
  loss.backward();
  Case exact = MakeCase(WeightFormat::kFloat32);
  exact.hidden.requires_grad_(true);
  exact.head.values.requires_grad_(true);
  const auto expected = HeadLoss(exact.hidden, exact.head, 30, exact.targets);
  expected.backward();
  EXPECT_NEAR(loss.item<double>() / expected.item<double>(), 1, 5e-3);
  const auto apart = (c.hidden.grad() - exact.hidden.grad()).square().mean().sqrt().item<double>();
  EXPECT_LT(apart, 0.02 * exact.hidden.grad().square().mean().sqrt().item<double>());
}

TEST(HeadNats, OfEachPositionAndNothingWhereItIsNotScored) {
  const Case c = MakeCase(WeightFormat::kFloat32);
  const auto nats = HeadNats(c.hidden, c.head, 30, c.targets);
  ASSERT_EQ(nats.sizes(), c.targets.sizes());
  EXPECT_EQ(nats[7].item<double>(), 0);
  EXPECT_NEAR(nats.sum().item<double>() / AllAtOnce(c, 30).item<double>(), 1, 1e-5);
  EXPECT_GT(nats.sum().item<double>(), 0);
}

}  // namespace head_loss_test
}  // namespace plelab
