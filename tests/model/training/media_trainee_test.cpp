// Towers in training: the same forward pass as in inference, and a gradient for each of their tensors.
#include "model/training/media_trainee.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/ple_options.h"
#include "model/training/head_loss.h"
#include "model/training/trained_checkpoint.h"
#include "model/vision/vision_ops.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/multimodal_golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace media_trainee_test {

constexpr int64_t kScored = 3;  // tokens at the end of each prompt

std::string ConfigJson() { return testing::ReadText(PLELAB_SOURCE_DIR "/tests/data/multimodal/config.json"); }

class MediaTrainees : public ::testing::Test {
 protected:
  MediaTrainee Make(const MediaTraineeOptions& options, PlePlacement ple = PlePlacement::kAll) const {
    return MakeMediaTrainee(MakeTrainee(ParseConfig(ConfigJson(), "golden"), ple, 5, DType::kFloat32),
                            options);
  }
  MediaBatch Batch(const std::string& name) const {
    const torch::Tensor ids = golden_.ids(name);
    MediaBatch batch{ids.narrow(1, 0, ids.size(1) - 1), ids.narrow(1, 1, ids.size(1) - 1).clone(),
                     golden_.Media(name)};
    batch.targets.narrow(1, 0, batch.targets.size(1) - kScored).fill_(kNotScored);
    return batch;
  }
  const MultimodalGolden golden_;
};

TEST_F(MediaTrainees, EveryTensorOfTheTowersGetsAGradientAndFrozenTextGetsNone) {
  MediaTrainee trainee = Make({.learn_row_zero = true});
  MediaLoss(trainee, Batch("mixed")).backward();
  const std::vector<TrainedTensor> tensors = MediaTensors(trainee);
  for (const TrainedTensor& tensor : tensors) {
    ASSERT_TRUE(tensor.values.grad().defined()) << tensor.spec.name;
    EXPECT_GT(tensor.values.grad().abs().max().item<double>(), 0) << tensor.spec.name;
  }
  EXPECT_EQ(tensors.back().spec.group, ParameterGroup::kPleTable);
  for (const TrainedTensor& tensor : TrainedTensors(trainee.text)) {
    EXPECT_FALSE(tensor.values.grad().defined()) << tensor.spec.name;
  }
}

TEST_F(MediaTrainees, ATextThatIsTrainedGetsGradientsToo) {
  MediaTrainee trainee = Make({.train_text = true});
  MediaLoss(trainee, Batch("audio")).backward();
  for (const TrainedTensor& tensor : TrainedTensors(trainee.text)) {
    ASSERT_TRUE(tensor.values.grad().defined()) << tensor.spec.name;
  }
  EXPECT_FALSE(trainee.row_zero.grad().defined()) << "stays at 0 unless it is learned";
}

// Along the gradient the loss rises by |gradient|² per unit of step, but it is curved: along the stem's
// gradient the measured slope is 0.84 of that over steps of 0.003, 0.984 over 0.001 and 0.997 over 0.0005.
TEST_F(MediaTrainees, GradientsAreThoseOfTheLoss) {
  MediaTrainee trainee = Make({.learn_row_zero = true});
  const MediaBatch batch = Batch("mixed");
  MediaLoss(trainee, batch).backward();
  for (TrainedTensor& tensor : MediaTensors(trainee)) {
    const bool is_looked_at = tensor.spec.name.ends_with("conv_stem.conv.weight") ||
                              tensor.spec.name.ends_with("conv_0.conv.weight") ||
                              tensor.spec.group == ParameterGroup::kPleTable;
    if (!is_looked_at) continue;
    const at::NoGradGuard no_grad;
    const torch::Tensor gradient = tensor.values.grad(), start = tensor.values.detach().clone();
    const double norm = gradient.norm().item<double>(), step = 0.001 / norm;
    const auto loss_at = [&](double t) {
      tensor.values.copy_(start + gradient * t);
      return MediaLoss(trainee, batch).item<double>();
    };
    const double slope = (loss_at(step) - loss_at(-step)) / (2 * step);
    EXPECT_NEAR(slope / (norm * norm), 1, 0.1) << tensor.spec.name;
    tensor.values.copy_(start);
  }
}

// The training result is written as a published checkpoint, and inference with it computes what training did.
TEST_F(MediaTrainees, ItsCheckpointForetellsTheSame) {
  MediaTrainee trainee = Make({.learn_row_zero = true});
  {
    const at::NoGradGuard no_grad;
    trainee.row_zero.fill_(0.3);
  }
  const testing::TemporaryFolder folder;
  WriteTrainedCheckpoint(PublishedWeights(trainee, DType::kFloat32), ConfigJson(), folder.path(),
                         {.dtype = DType::kFloat32});
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(folder.path()));
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
  const MediaBatch batch = Batch("mixed");
  const torch::Tensor ids = batch.inputs.contiguous();
  const auto request = source->Begin({ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel())});
  const torch::Tensor logits =
      model.Forward(ids, nullptr, *request, LogitsWanted::kAll, model.Encode(batch.media));
  const torch::Tensor targets = batch.targets.narrow(1, ids.size(1) - kScored, kScored).unsqueeze(-1);
  const torch::Tensor nats =
      -logits.narrow(1, ids.size(1) - kScored, kScored).log_softmax(-1).gather(-1, targets).sum();
  const at::NoGradGuard no_grad;
  EXPECT_NEAR(MediaLoss(trainee, batch).item<double>(), nats.item<double>(), 1e-3);
}

// A block with a skip connection begins close to the identity.  A block that opens a stage has none, and sets
// the magnitude of the stream that the others add to.
TEST_F(MediaTrainees, TowersBeginWithBlocksThatAddLittleToWhatPassesThem) {
  MediaTrainee trainee = Make({});
  int opening = 0, others = 0;
  for (const TrainedTensor& tensor : MediaTensors(trainee)) {
    if (!tensor.spec.name.ends_with("layer_scale.gamma")) continue;
    const bool opens = tensor.spec.name.ends_with(".0.layer_scale.gamma");
    ++(opens ? opening : others);
    const auto scale = tensor.values.detach().abs().max().item<double>();
    EXPECT_TRUE(opens ? scale == 1 : scale <= 0.01) << tensor.spec.name << ": " << scale;
  }
  EXPECT_EQ(opening, 3) << "the first stage has edge residuals, without a scale";
  EXPECT_GT(others, 50);
}

TEST_F(MediaTrainees, TheStemBeginsWithMidGreyAtZero) {
  const MediaTrainee trainee = Make({});
  const ConvNormWeights& stem = trainee.vision.conv_stem;
  const at::NoGradGuard no_grad;
  const torch::Tensor grey = torch::full({1, 8, 8, 3}, 0.5);
  const torch::Tensor inside =
      SameConv(grey, stem.conv, stem.bias, /*stride=*/2).narrow(1, 1, 2).narrow(2, 1, 2);
  EXPECT_LT(inside.abs().max().item<double>(), 1e-5);
  EXPECT_GT(stem.bias.abs().max().item<double>(), 0.01) << "weights of no sum at all would prove nothing";
}

TEST_F(MediaTrainees, NeedTowersAndATableWhoseRowZeroTheyRead) {
  EXPECT_THROW(Make({}, PlePlacement::kNone), UserError);
  EXPECT_THROW(Make({}, PlePlacement::kShared), UserError);
  const Gemma3nConfig text_only = ParseConfig(testing::TinyConfig(), "tiny");
  EXPECT_THROW(MakeMediaTrainee(MakeTrainee(text_only, PlePlacement::kAll, 5, DType::kFloat32), {}),
               UserError);
}

}  // namespace media_trainee_test
}  // namespace plelab
