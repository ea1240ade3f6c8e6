#include "harness/training/adamw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace adamw_test {

TrainedTensor Tensor(const std::string& name, std::vector<int64_t> shape, ParameterGroup group) {
  return {MakeSpec(name, shape, group), torch::ones(shape).requires_grad_(true)};
}

void SetGradient(const TrainedTensor& tensor, double value) {
  torch::Tensor values = tensor.values;
  values.mutable_grad() = torch::full(values.sizes(), value);
}

TEST(RateAt, RisesOverTheWarmUpAndEndsAtItsShare) {
  OptimizerSection section;
  section.warmup = 0.1;
  section.final_lr = 0.05;
  EXPECT_NEAR(RateAt(section, 0, 100), 0.1, 1e-12);
  EXPECT_NEAR(RateAt(section, 9, 100), 1.0, 1e-12);
  EXPECT_NEAR(RateAt(section, 54, 100), 0.05 + 0.95 / 2, 1e-12) << "half-way down the cosine";
  EXPECT_NEAR(RateAt(section, 99, 100), 0.05, 1e-12);
}

// Adam's first step moves by lr · sign(gradient), whatever the gradient's size.  Decay shrinks matrices only.
TEST(AdamW, TheFirstStepIsTheTextbooks) {
  OptimizerSection section;
  section.lr = 0.01;
  section.table_lr = 0.02;
  section.weight_decay = 0.5;
  section.clip = 0;
  const TrainedTensor matrix = Tensor("m", {2, 3}, ParameterGroup::kTextStack),
                      norm = Tensor("n", {3}, ParameterGroup::kTextStack),
                      table = Tensor("t", {4, 3}, ParameterGroup::kPleTable);
  AdamW optimizer({matrix, norm, table}, section);
  SetGradient(matrix, 7);
  SetGradient(norm, -1e-3);
  SetGradient(table, 100);
  const double gradient_norm = optimizer.Step(0.5);
  EXPECT_NEAR(gradient_norm, std::sqrt(6 * 49 + 3e-6 + 12 * 1e4), 1e-2);
  EXPECT_NEAR(matrix.values[1][2].item<double>(), 1 - 0.005 * 0.5 - 0.005, 1e-6);
  EXPECT_NEAR(norm.values[0].item<double>(), 1 + 0.005, 1e-6);
  EXPECT_NEAR(table.values[3][0].item<double>(), 1 - 0.01, 1e-6);
  EXPECT_FALSE(matrix.values.grad().defined());
}

TEST(AdamW, ClippingScalesAllGradientsTogether) {
  OptimizerSection section;
  section.clip = 1;
  section.eps = 1;  // makes the size of a gradient visible
  section.weight_decay = 0;
  section.lr = 1;
  const TrainedTensor a = Tensor("a", {1, 1}, ParameterGroup::kTextStack),
                      b = Tensor("b", {1, 1}, ParameterGroup::kTextStack);
  AdamW optimizer({a, b}, section);
  SetGradient(a, 30);
  SetGradient(b, 40);
  EXPECT_NEAR(optimizer.Step(1), 50, 1e-4);
  EXPECT_NEAR(a.values.item<double>(), 1 - 0.6 / 1.6, 1e-5);
  EXPECT_NEAR(b.values.item<double>(), 1 - 0.8 / 1.8, 1e-5);
}

TEST(AdamW, AGradientThatIsNotFiniteOrMissingIsAnError) {
  const TrainedTensor a = Tensor("a", {2, 2}, ParameterGroup::kTextStack);
  AdamW optimizer({a}, {});
  EXPECT_THROW(optimizer.Step(1), RunError);
  SetGradient(a, std::nan(""));
  EXPECT_THROW(optimizer.Step(1), RunError);
}

TEST(AdamW, GoesOnFromItsStateAsIfItHadNotStopped) {
  const testing::TemporaryFolder folder;
  const auto run = [&](int stop_after) {
    TrainedTensor a = Tensor("a", {3, 5}, ParameterGroup::kTextStack);
    auto optimizer = std::make_unique<AdamW>(std::vector{a}, OptimizerSection{});
    for (int step = 0; step < 6; ++step) {
      SetGradient(a, std::sin(step));
      optimizer->Step(0.3);
      if (step != stop_after) continue;
      WriteTensorFile(folder / "state", optimizer->State(), {});
      a = Tensor("a", {3, 5}, ParameterGroup::kTextStack);
      optimizer = std::make_unique<AdamW>(std::vector{a}, OptimizerSection{});
      optimizer->Load(ReadTensorFile(folder / "state"));
    }
    return a.values.detach();
  };
  EXPECT_TRUE(run(2).equal(run(-1)));
}

}  // namespace adamw_test
}  // namespace plelab
