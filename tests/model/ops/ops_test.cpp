#include "model/ops/ops.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/ops/matmul.h"

namespace plelab {
namespace ops_test {

TEST(RmsNorm, MultipliesByTheWeightItself) {
  const auto x = torch::tensor({{3.0f, 4.0f}});
  const auto weight = torch::tensor({2.0f, 0.5f});
  const double rms = std::sqrt(12.5);
  const auto y = RmsNorm(x, weight, 0);
  EXPECT_NEAR(y[0][0].item<double>(), 2.0 * 3.0 / rms, 1e-6);
  EXPECT_NEAR(y[0][1].item<double>(), 0.5 * 4.0 / rms, 1e-6);
}

TEST(RmsNorm, AnUndefinedWeightIsNoScale) {
  const auto y = RmsNorm(torch::tensor({3.0f, 4.0f}), {}, 0);
  EXPECT_NEAR(y.square().mean().item<double>(), 1.0, 1e-6);
}

TEST(RmsNorm, TakesItsStatisticsInFloat32) {
  const auto x = torch::tensor({3.0f, 4.0f}).to(torch::kBFloat16);
  EXPECT_EQ(RmsNorm(x, {}, 0).scalar_type(), torch::kFloat32);
}

TEST(NormalQuantile, KnownPoints) {
  EXPECT_NEAR(NormalQuantile(0.5), 0.0, 1e-12);
  EXPECT_NEAR(NormalQuantile(0.95), 1.6448536269514722, 1e-9);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-9);
}

TEST(GaussianTopK, CutsAtMeanPlusQuantileTimesStd) {
  const auto x = torch::tensor({{1.0f, 2.0f, 3.0f, 10.0f}});
  const double mean = 4.0, std = std::sqrt((9.0 + 4.0 + 1.0 + 36.0) / 4.0);
  const double cutoff = mean + std * 0.8416212335729143;  // the 0.8 quantile
  const auto y = GaussianTopK(x, 0.8);
  EXPECT_NEAR(y[0][3].item<double>(), 10.0 - cutoff, 1e-5);
  EXPECT_EQ(y.narrow(1, 0, 3).count_nonzero().item<int64_t>(), 0);
}

TEST(GaussianTopK, KeepsTheWantedFractionOfNormalData) {
  torch::manual_seed(0);
  const auto x = 3 + 2 * torch::randn({64, 8192});
  for (const double sparsity : {0.95, 0.8, 0.6}) {
    const double kept = GaussianTopK(x, sparsity).gt(0).to(torch::kFloat64).mean().item<double>();
    EXPECT_NEAR(kept, 1 - sparsity, 0.003) << sparsity;
  }
}

TEST(Softcap, BoundsAndIsNearlyTheIdentityAroundZero) {
  const auto y = Softcap(torch::tensor({0.01f, 1e4f, -1e4f}), 30.0);
  EXPECT_NEAR(y[0].item<double>(), 0.01, 1e-6);
  EXPECT_NEAR(y[1].item<double>(), 30.0, 1e-5);
  EXPECT_NEAR(y[2].item<double>(), -30.0, 1e-5);
}

TEST(Softcap, ZeroIsNone) { EXPECT_EQ(Softcap(torch::tensor(1e4f), 0).item<double>(), 1e4); }

TEST(LinearWeight, HeadsAreTheSameInBothLayouts) {
  torch::manual_seed(1);
  const auto values = torch::randn({6, 4});
  const LinearWeight rows{values, WeightFormat::kFloat32, WeightLayout::kRowMajor, 6, 4};
  const LinearWeight columns{values.t().contiguous(), WeightFormat::kFloat32, WeightLayout::kTransposed, 6,
                             4};
  const auto x = torch::randn({3, 4});
  EXPECT_TRUE(torch::allclose(Linear(x, rows.Outputs(0, 2)), torch::matmul(x, values.narrow(0, 0, 2).t())));
  EXPECT_TRUE(torch::allclose(Linear(x, rows.Outputs(0, 2)), Linear(x, columns.Outputs(0, 2))));
  const auto short_x = x.narrow(1, 0, 3);
  EXPECT_TRUE(torch::allclose(Linear(short_x, rows.Inputs(3)), Linear(short_x, columns.Inputs(3))));
}

TEST(Softcap, HasTheSlopeOfItsTanhAndLeavesALeafAlone) {
  const auto x = torch::tensor({0.5f, -3.0f}).requires_grad_(true);
  const auto y = Softcap(x, 2);
  y.sum().backward();
  for (int64_t i = 0; i < 2; ++i) {
    const double t = std::tanh(x[i].item<double>() / 2);
    EXPECT_NEAR(y[i].item<double>(), 2 * t, 1e-6);
    EXPECT_NEAR(x.grad()[i].item<double>(), 1 - t * t, 1e-6);
  }
  EXPECT_EQ(x[1].item<double>(), -3);
}

TEST(GatedGelu, IsTheSameInBFloat16WhereNothingIsFused) {
  torch::manual_seed(2);
  const auto gate = torch::randn({3, 40}).to(torch::kBFloat16),
             up = torch::randn({3, 40}).to(torch::kBFloat16);
  const auto got = GatedGelu(gate, up, 0);
  EXPECT_EQ(got.scalar_type(), torch::kBFloat16);
  const auto exact = GatedGelu(gate.to(torch::kFloat32), up.to(torch::kFloat32), 0);
  EXPECT_TRUE(torch::allclose(got.to(torch::kFloat32), exact, 0.02, 0.05));
  EXPECT_GT(exact.abs().max().item<double>(), 0.5);
}

TEST(ComputeType, IsTheFormatOfTheWeight) {
  LinearWeight w;
  w.format = WeightFormat::kBFloat16;
  EXPECT_EQ(ComputeType(w), torch::kBFloat16);
  EXPECT_EQ(ProductType(w, torch::kCPU), CpuMultipliesBFloat16() ? torch::kBFloat16 : torch::kFloat32);
  w.format = WeightFormat::kFloat32;
  EXPECT_EQ(ComputeType(w), torch::kFloat32);
  EXPECT_EQ(ProductType(w, torch::kCPU), torch::kFloat32);
}

TEST(LinearWeight, HeadsKnowTheirSizes) {
  const auto values = torch::arange(24, torch::kFloat32).view({6, 4});
  const LinearWeight w{values, WeightFormat::kFloat32, WeightLayout::kRowMajor, 6, 4};
  const LinearWeight few_out = w.Outputs(0, 2), few_in = w.Inputs(3);
  EXPECT_EQ(few_out.out, 2);
  EXPECT_EQ(few_out.in, 4);
  EXPECT_TRUE(few_out.values.equal(values.narrow(0, 0, 2)));
  EXPECT_EQ(few_in.out, 6);
  EXPECT_EQ(few_in.in, 3);
  EXPECT_TRUE(few_in.values.equal(values.narrow(1, 0, 3)));
}

}  // namespace ops_test
}  // namespace plelab
