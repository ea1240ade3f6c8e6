#include "model/ops/matmul.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "model/base/error.h"

namespace plelab {
namespace matmul_test {

LinearWeight MakeWeight(const torch::Tensor& values, WeightLayout layout) {
  const torch::Tensor stored = layout == WeightLayout::kRowMajor ? values : values.t().contiguous();
  const auto format =
      values.scalar_type() == torch::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16;
  return {stored, format, layout, values.size(0), values.size(1)};
}

// Compares with float32 ATen. bfloat16 is rounded once at the end, by half a unit in the last of 8 bits.
void ExpectLinear(const torch::Tensor& y, const torch::Tensor& x, const torch::Tensor& values) {
  ASSERT_EQ(y.scalar_type(), x.scalar_type());
  const torch::Tensor expected = at::linear(x.to(torch::kFloat32), values.to(torch::kFloat32));
  ASSERT_EQ(y.sizes(), expected.sizes());
  const double tolerance = x.scalar_type() == torch::kFloat32 ? 1e-5 : 4e-3;
  const double error = (y.to(torch::kFloat32) - expected).abs().max().item<double>();
  EXPECT_LE(error, tolerance * expected.abs().max().item<double>());
}

TEST(MatMul, AgreesWithLinearForEveryLayoutDtypeAndNumberOfRows) {
  torch::manual_seed(0);
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    for (const auto layout : {WeightLayout::kRowMajor, WeightLayout::kTransposed}) {
      const torch::Tensor values = at::randn({45, 67}).to(type);
      for (const int64_t rows : {1, 2, 8, 9, 40}) {
        SCOPED_TRACE(rows);
        const torch::Tensor x = at::randn({rows, 67}).to(type);
        ExpectLinear(MatMul(x, MakeWeight(values, layout)), x, values);
      }
    }
  }
}

TEST(MatMul, TakesFloat32ActivationsWithBFloat16Weights) {
  torch::manual_seed(1);
  for (const auto layout : {WeightLayout::kRowMajor, WeightLayout::kTransposed}) {
    const torch::Tensor values = at::randn({33, 20}).to(torch::kBFloat16);
    for (const int64_t rows : {3, 30}) {
      const torch::Tensor x = at::randn({rows, 20});
      ExpectLinear(MatMul(x, MakeWeight(values, layout)), x, values);
    }
  }
}

TEST(MatMul, SplitsWeightsLargerThanOneBlock) {
  torch::manual_seed(2);
  const torch::Tensor values = at::randn({3000, 1024}).to(torch::kBFloat16),
                      x = at::randn({12, 1024}).to(torch::kBFloat16);
  for (const auto layout : {WeightLayout::kRowMajor, WeightLayout::kTransposed}) {
    ExpectLinear(MatMul(x, MakeWeight(values, layout)), x, values);
  }
}

TEST(MatMul, KeepsLeadingSizesAndReadsStridedInput) {
  torch::manual_seed(3);
  const torch::Tensor values = at::randn({5, 6});
  const torch::Tensor x = at::randn({6, 2, 3}).permute({1, 2, 0});
  const torch::Tensor y = MatMul(x, MakeWeight(values, WeightLayout::kRowMajor));
  ASSERT_EQ(y.sizes(), (std::vector<int64_t>{2, 3, 5}));
  ExpectLinear(y, x, values);
}

TEST(MatMul, TakesAPartOfAWeight) {
  torch::manual_seed(6);
  const torch::Tensor values = at::randn({12, 9}), x = at::randn({2, 5});
  const LinearWeight part{values.narrow(1, 0, 5), WeightFormat::kFloat32, WeightLayout::kRowMajor, 12, 5};
  ExpectLinear(MatMul(x, part), x, part.values);
  EXPECT_THROW(ViewOf(values.t()), RunError);
}

TEST(MatMulInto, ManyWeightsAtOnceGiveTheBitsOfEach) {
  torch::manual_seed(7);
  std::vector<LinearWeight> weights;
  for (int64_t i = 0; i < 11; ++i) {
    const auto layout = i % 3 == 0 ? WeightLayout::kTransposed : WeightLayout::kRowMajor;
    weights.push_back(
        MakeWeight(at::randn({4 + i, 9}).to(i % 2 == 0 ? torch::kFloat32 : torch::kBFloat16), layout));
  }
  const torch::Tensor x = at::randn({2, 9});
  const ConstVectors in{x.const_data_ptr<float>(), 2, 9};
  std::vector<std::vector<float>> together(11, std::vector<float>(2 * 20)), alone = together;
  std::vector<MatMulJob> jobs;
  for (size_t i = 0; i < weights.size(); ++i) {
    jobs.push_back({&weights[i], {together[i].data(), 20}});
    MatMulInto(weights[i], in, {alone[i].data(), 20});
  }
  MatMulInto(jobs, in);
  EXPECT_EQ(together, alone);
}

TEST(MatMul, LetsGradientFlowToInputAndWeight) {
  torch::manual_seed(4);
  for (const auto layout : {WeightLayout::kRowMajor, WeightLayout::kTransposed}) {
    LinearWeight w = MakeWeight(at::randn({4, 3}), layout);
    w.values.requires_grad_(true);
    const torch::Tensor x = at::randn({2, 3}).requires_grad_(true);
    MatMul(x, w).sum().backward();
    const torch::Tensor values = layout == WeightLayout::kRowMajor ? w.values : w.values.t();
    EXPECT_TRUE(at::allclose(x.grad(), values.detach().sum(0).expand({2, 3})));
    const torch::Tensor of_weight = x.detach().sum(0).expand({4, 3});
    EXPECT_TRUE(at::allclose(w.values.grad(), layout == WeightLayout::kRowMajor ? of_weight : of_weight.t()));
  }
}

TEST(MatMul, WithoutGradientIsTheSameToRounding) {
  torch::manual_seed(5);
  LinearWeight w = MakeWeight(at::randn({7, 9}), WeightLayout::kRowMajor);
  w.values.requires_grad_(true);
  const torch::Tensor x = at::randn({2, 9}), with = MatMul(x, w).detach();
  const torch::NoGradGuard no_grad;
  const torch::Tensor without = MatMul(x, w);
  EXPECT_FALSE(without.requires_grad());
  EXPECT_TRUE(at::allclose(with, without, 1e-5, 1e-6));
}

TEST(MatMul, RefusesInputOfAnotherWidth) {
  const LinearWeight w = MakeWeight(at::randn({4, 3}), WeightLayout::kRowMajor);
  EXPECT_THROW(MatMul(at::randn({2, 4}), w), RunError);
}

TEST(MatMul, OfNoRowsHasNone) {
  const LinearWeight w = MakeWeight(at::randn({4, 3}), WeightLayout::kRowMajor);
  EXPECT_EQ(MatMul(at::randn({0, 3}), w).sizes(), (std::vector<int64_t>{0, 4}));
}

TEST(MatMul, TakesAWeightWhoseRowsAreNotContiguous) {
  torch::manual_seed(8);
  const torch::Tensor values = at::randn({5, 9}).t();  // [9, 5]
  for (const int64_t rows : {2, 12}) {
    const torch::Tensor x = at::randn({rows, 5});
    ExpectLinear(MatMul(x, {values, WeightFormat::kFloat32, WeightLayout::kRowMajor, 9, 5}), x, values);
  }
}

TEST(ViewOf, IsTheMatrixOfATensorsLastDimension) {
  const torch::Tensor vector = at::randn({7}), cube = at::randn({2, 3, 5}), part = cube[1].narrow(1, 1, 2);
  const MatrixView v = ViewOf(vector), c = ViewOf(cube), p = ViewOf(part);
  EXPECT_TRUE(v.rows == 1 && v.cols == 7 && v.stride == 7 && v.data == vector.const_data_ptr());
  EXPECT_TRUE(c.rows == 6 && c.cols == 5 && c.stride == 5 && c.type == ElementType::kFloat32);
  EXPECT_TRUE(p.rows == 3 && p.cols == 2 && p.stride == 5 && p.data == part.const_data_ptr());
  EXPECT_EQ(ViewOf(vector.to(torch::kBFloat16)).type, ElementType::kBFloat16);
  EXPECT_EQ(ViewOf(at::randn({3, 0})).rows, 0);
  EXPECT_THROW(ViewOf(vector.to(torch::kInt64)), RunError);
  EXPECT_THROW(ViewOf(cube.transpose(0, 1)), RunError);
  EXPECT_THROW(ViewOf(vector.sum()), RunError);
  try {
    ViewOf(cube[0].t());
    FAIL() << "accepted";
  } catch (const RunError& error) {
    EXPECT_STREQ(
        error.what(),
        "a kernel needs a float32 or bfloat16 matrix with contiguous rows on the CPU, not CPUFloatType of "
        "strides 1, 5");
  }
}

}  // namespace matmul_test
}  // namespace plelab
