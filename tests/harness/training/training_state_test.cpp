#include "harness/training/training_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "model/base/error.h"
#include "model/weights/tensor_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace training_state_test {

using ::testing::HasSubstr;
using testing::TemporaryFolder;
using ::testing::ThrowsMessage;

class TrainingState : public ::testing::Test {
 protected:
  TrainingState() : optimizer_({}, OptimizerSection()) {
    TrainingProgress progress;
    progress.step = 5;
    progress.seconds = 1.5;
    progress.interval_steps = 1;
    progress.rows = {{2, 64, 3.0, 0.01, 100}, {4, 128, 2.5, 0.01, 100}};
    SaveState(folder_.path(), optimizer_, progress, "config");
    saved_ = ReadTensorFile(StatePath(folder_.path()));
  }
  void Write(const TensorFile& state) {
    std::vector<NamedTensor> tensors;
    for (const auto& [name, values] : state.tensors) tensors.push_back({name, values});
    WriteTensorFile(StatePath(folder_.path()), tensors, state.metadata);
  }
  void Load(int64_t steps = 10) { LoadState(folder_.path(), optimizer_, "config", steps); }

  const TemporaryFolder folder_;
  AdamW optimizer_;
  TensorFile saved_;
};

TEST_F(TrainingState, ComesBackAsItWasSaved) {
  const auto progress = LoadState(folder_.path(), optimizer_, "config", 10);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->step, 5);
  EXPECT_EQ(progress->seconds, 1.5);
  ASSERT_EQ(progress->rows.size(), 2u);
  EXPECT_EQ(progress->rows[1].tokens, 128);
}

TEST_F(TrainingState, AByteOfATensorThatChangedIsNoticed) {
  const std::string path = StatePath(folder_.path());
  std::string bytes = testing::ReadText(path);
  bytes.back() ^= 0x40;
  testing::WriteText(path, bytes);
  EXPECT_THAT([&] { Load(); }, ThrowsMessage<UserError>(HasSubstr("the file is damaged")));
}

TEST_F(TrainingState, NumbersThatNoRunHasAreNamed) {
  const std::map<std::string, std::vector<std::string>> wrong = {
      {"step", {"-1", "11", "", "x", "5x", "99999999999999999999", " 5"}},
      {"seconds", {"-1", "nan", "inf", "1e99", "text"}},
      {"interval_steps", {"6", "-2", "1.5"}},
      {"interval_loss", {"nan", ""}},
      {"interval_seconds", {"-0.5", "nan"}}};
  for (const auto& [key, values] : wrong) {
    for (const std::string& value : values) {
      TensorFile damaged = saved_;
      damaged.metadata[key] = value;
      Write(damaged);
      EXPECT_THAT([&] { Load(); }, ThrowsMessage<UserError>(HasSubstr("'" + key + "'"))) << value;
    }
  }
}

TEST_F(TrainingState, CurvesOfAnotherFormAreNamed) {
  const std::map<std::string, std::vector<torch::Tensor>> wrong = {
      {"curve.counts",
       {torch::tensor(5, torch::kInt64), torch::zeros({2, 3}, torch::kInt64), torch::zeros({2, 2}),
        torch::zeros({2}, torch::kInt64)}},
      {"curve.values", {torch::zeros({2, 2}), torch::zeros({0}), torch::zeros({2, 3}, torch::kInt64)}},
      {"curve.valid", {torch::zeros({7}), torch::zeros({1, 2, 1})}}};
  for (const auto& [name, tensors] : wrong) {
    for (const torch::Tensor& tensor : tensors) {
      TensorFile damaged = saved_;
      damaged.tensors[name] = tensor;
      Write(damaged);
      EXPECT_THAT([&] { Load(); }, ThrowsMessage<UserError>(HasSubstr("'" + name + "'"))) << tensor.sizes();
    }
  }
}

TEST_F(TrainingState, RowsThatDoNotFollowEachOtherAreRefused) {
  for (const int64_t step : {int64_t{0}, int64_t{-4}, int64_t{4}, int64_t{1} << 40}) {
    TensorFile damaged = saved_;
    torch::Tensor counts = saved_.tensors["curve.counts"].clone();
    counts[0][0] = step;
    damaged.tensors["curve.counts"] = counts;
    Write(damaged);
    EXPECT_THAT([&] { Load(); }, ThrowsMessage<UserError>(HasSubstr("row"))) << step;
  }
  TensorFile damaged = saved_;
  damaged.tensors["curve.values"] = torch::zeros({1, 3});
  Write(damaged);
  EXPECT_THAT([&] { Load(); }, ThrowsMessage<UserError>(HasSubstr("differ in length")));
}

}  // namespace training_state_test
}  // namespace plelab
