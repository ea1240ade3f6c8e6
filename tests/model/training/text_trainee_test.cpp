// Models trained with PLE in all, some or no layers, and the checkpoints that they become.
#include "model/training/text_trainee.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/ple_options.h"
#include "model/training/head_loss.h"
#include "model/training/trained_checkpoint.h"
#include "model/weights/tensor_file.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace text_trainee_test {

constexpr int64_t kVocab = 40, kPleDim = 4, kLayers = 3, kHidden = 16;

Gemma3nConfig Config() { return ParseConfig(testing::TinyConfig(), "tiny"); }

struct Text {
  torch::Tensor inputs, targets;
};
Text SomeText() {
  torch::manual_seed(1);
  const auto ids = torch::randint(3, 32, {2, 13}, torch::kInt64);
  return {ids.narrow(1, 0, 12), ids.narrow(1, 1, 12)};
}

struct Arm {
  PlePlacement placement;
  int64_t layers_with_ple, table_columns;
};

class Arms : public ::testing::TestWithParam<Arm> {
 protected:
  TextTrainee Make(DType products = DType::kFloat32) const {
    return MakeTrainee(Config(), GetParam().placement, 5, products);
  }
};

TEST_P(Arms, EveryTrainedTensorGetsAGradient) {
  TextTrainee trainee = Make();
  const Text text = SomeText();
  TrainingLoss(trainee, text.inputs, text.targets).backward();
  for (const TrainedTensor& tensor : TrainedTensors(trainee)) {
    ASSERT_TRUE(tensor.values.grad().defined()) << tensor.spec.name;
    EXPECT_GT(tensor.values.grad().abs().max().item<double>(), 0) << tensor.spec.name;
  }
}

TEST_P(Arms, HasTheParametersOfItsLayers) {
  TextTrainee trainee = Make();
  int64_t table = 0, gates = 0;
  for (const TrainedTensor& tensor : TrainedTensors(trainee)) {
    if (tensor.spec.group == ParameterGroup::kPleTable) table += tensor.values.numel();
    if (tensor.spec.name.ends_with("per_layer_input_gate.weight")) gates += tensor.values.numel();
  }
  EXPECT_EQ(table, GetParam().layers_with_ple == 0 ? 0 : 32 * GetParam().table_columns);
  EXPECT_EQ(gates, GetParam().layers_with_ple * kPleDim * kHidden);
}

// The training result is written as a published checkpoint, and inference with it computes what training did.
TEST_P(Arms, ItsCheckpointForetellsTheSame) {
  const TextTrainee trainee = Make();
  const testing::TemporaryFolder folder;
  WriteTrainedCheckpoint(trainee, testing::TinyConfig(), folder.path(), {.dtype = DType::kFloat32});
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(folder.path()));
  EXPECT_EQ(checkpoint->weights_label(), "trained");
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
  const Text text = SomeText();
  const torch::Tensor nats = TargetNats(trainee, text.inputs, text.targets);
  const torch::Tensor flat = text.inputs.contiguous().flatten();
  const auto request = source->Begin({flat.const_data_ptr<int64_t>(), static_cast<size_t>(flat.numel())});
  const torch::Tensor logits = model.Forward(text.inputs.contiguous(), nullptr, *request, LogitsWanted::kAll);
  const torch::Tensor expected = -logits.log_softmax(-1).gather(-1, text.targets.unsqueeze(-1)).squeeze(-1);
  EXPECT_TRUE(torch::allclose(nats, expected, 1e-4, 1e-4));
}

INSTANTIATE_TEST_SUITE_P(Placements, Arms,
                         ::testing::Values(Arm{PlePlacement::kAll, kLayers, kLayers* kPleDim},
                                           Arm{PlePlacement::kNone, 0, 0},
                                           Arm{PlePlacement::kFirstThird, 1, kLayers* kPleDim},
                                           Arm{PlePlacement::kLastThird, 1, kLayers* kPleDim},
                                           Arm{PlePlacement::kShared, kLayers, kPleDim}),
                         [](const auto& arm) {
                           switch (arm.param.placement) {
                             case PlePlacement::kAll:
                               return "All";
                             case PlePlacement::kNone:
                               return "None";
                             case PlePlacement::kFirstThird:
                               return "FirstThird";
                             case PlePlacement::kLastThird:
                               return "LastThird";
                             case PlePlacement::kShared:
                               return "Shared";
                           }
                           return "";
                         });

TEST(TextTrainee, StartsTheSameFromTheSameSeedOnly) {
  const auto first = [](uint64_t seed) {
    return MakeTrainee(Config(), PlePlacement::kAll, seed, DType::kFloat32).weights.embed_tokens.values;
  };
  EXPECT_TRUE(first(3).equal(first(3)));
  EXPECT_FALSE(first(3).equal(first(4)));
  EXPECT_EQ(first(3)[0].abs().max().item<double>(), 0) << "the padding row";
}

// Tests what `plelab train` does with arm.start: the same model continues, with or without its table.
class StartOfATrainee : public ::testing::Test {
 protected:
  StartOfATrainee() {
    WriteTrainedCheckpoint(trained_, testing::TinyConfig(), folder_.path(), {.dtype = DType::kFloat32});
  }
  TextTrainee Start(PlePlacement placement) const {
    TextTrainee trainee = MakeTrainee(Config(), placement, 6, DType::kFloat32);
    StartFrom(trainee, folder_.path());
    return trainee;
  }
  torch::Tensor Nats(const TextTrainee& trainee) const {
    return TargetNats(trainee, text_.inputs, text_.targets);
  }

  testing::TemporaryFolder folder_;
  Text text_ = SomeText();
  TextTrainee trained_ = MakeTrainee(Config(), PlePlacement::kAll, 5, DType::kFloat32);
};

TEST_F(StartOfATrainee, IsTheCheckpointsModel) {
  EXPECT_TRUE(Nats(Start(PlePlacement::kAll)).equal(Nats(trained_)));
}

TEST_F(StartOfATrainee, WithoutPleIsTheCheckpointsModelWithItsBranchesSkipped) {
  const torch::Tensor whole = Nats(trained_);
  for (LayerSpec& layer : trained_.layers) layer.ple_slice = kNoPle;
  EXPECT_TRUE(Nats(Start(PlePlacement::kNone)).equal(Nats(trained_)));
  EXPECT_FALSE(Nats(trained_).allclose(whole)) << "the branch adds something";
}

TEST_F(StartOfATrainee, MayBeStoredInFloat16) {
  WriteTrainedCheckpoint(trained_, testing::TinyConfig(), folder_.path(), {.dtype = DType::kFloat16});
  TextTrainee start = Start(PlePlacement::kAll);
  const std::vector<TrainedTensor> got = TrainedTensors(start), wanted = TrainedTensors(trained_);
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(got[i].values.equal(wanted[i].values.to(torch::kFloat16).to(torch::kFloat32)))
        << wanted[i].spec.name;
  }
}

// The checkpoint's head is its own: what starts from it has the same losses, trains that head, and writes a
// checkpoint that keeps it.
TEST_F(StartOfATrainee, KeepsAHeadOfItsOwn) {
  Gemma3nConfig untied = Config();
  untied.text.own_head = true;
  const TextTrainee trained = MakeTrainee(untied, PlePlacement::kAll, 5, DType::kFloat32);
  const testing::TemporaryFolder again;
  WriteTrainedCheckpoint(trained, testing::TinyConfig(), folder_.path(), {.dtype = DType::kFloat32});
  TextTrainee start = Start(PlePlacement::kAll);
  EXPECT_TRUE(start.text().own_head);
  EXPECT_TRUE(Nats(start).equal(Nats(trained)));
  EXPECT_FALSE(Nats(start).allclose(Nats(trained_))) << "the head matters here";

  TrainingLoss(start, text_.inputs, text_.targets).backward();
  const TrainedTensor head = TrainedTensors(start).back();
  EXPECT_EQ(head.spec.name, "lm_head.weight");
  EXPECT_GT(head.values.grad().abs().max().item<double>(), 0);
  WriteTrainedCheckpoint(start, testing::TinyConfig(), again.path(), {.dtype = DType::kFloat32});
  const Checkpoint written = Checkpoint::Open(again.path());
  EXPECT_TRUE(written.config().text.own_head);
  EXPECT_FALSE(written.config().text.tie_word_embeddings);
}

TEST_F(StartOfATrainee, GivesAHeadOfItsOwnTheTiedValues) {
  Gemma3nConfig untied = Config();
  untied.text.own_head = true;
  TextTrainee trainee = MakeTrainee(untied, PlePlacement::kAll, 6, DType::kFloat32);
  StartFrom(trainee, folder_.path());
  EXPECT_TRUE(trainee.weights.lm_head.values.equal(trained_.weights.embed_tokens.values));
  EXPECT_TRUE(Nats(trainee).equal(Nats(trained_)));
}

TEST_F(StartOfATrainee, NeedsTheSameShape) {
  try {
    Start(PlePlacement::kShared);  // its table is one layer wide, the checkpoint's is three
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("embed_tokens_per_layer"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("32 x 4 to start from, found 32 x 12"), std::string::npos)
        << error.what();
  }
}

TEST(TextTrainee, StartsNearTheLossOfAnEvenGuess) {
  const Text text = SomeText();
  const TextTrainee trainee = MakeTrainee(Config(), PlePlacement::kAll, 0, DType::kFloat32);
  EXPECT_NEAR(TargetNats(trainee, text.inputs, text.targets).mean().item<double>(), std::log(kVocab), 1.5);
}

TEST(TextTrainee, BFloat16ProductsKeepFloat32Weights) {
  TextTrainee trainee = MakeTrainee(Config(), PlePlacement::kAll, 0, DType::kBFloat16);
  const TextTrainee exact = MakeTrainee(Config(), PlePlacement::kAll, 0, DType::kFloat32);
  const Text text = SomeText();
  const torch::Tensor loss = TrainingLoss(trainee, text.inputs, text.targets);
  loss.backward();
  for (const TrainedTensor& tensor : TrainedTensors(trainee)) {
    EXPECT_EQ(tensor.values.scalar_type(), torch::kFloat32) << tensor.spec.name;
    EXPECT_TRUE(tensor.values.grad().isfinite().all().item<bool>()) << tensor.spec.name;
  }
  EXPECT_NEAR(loss.item<double>() / TrainingLoss(exact, text.inputs, text.targets).item<double>(), 1, 0.02);
}

std::vector<int64_t> LayersWithPle(PlePlacement placement, int64_t layers) {
  std::string json = testing::TinyConfig();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": " + std::to_string(layers)},
           {"[24, 24, 32]", "24"},
           {"[0.9, 0.0, 0.0]", "0.0"},
           {R"(["sliding_attention", "full_attention", "sliding_attention"])", "null"}}) {
    json = testing::Replaced(json, from, to);
  }
  std::vector<int64_t> with_ple;
  for (const LayerSpec& layer : MakeTrainee(ParseConfig(json, "x"), placement, 1, DType::kFloat32).layers) {
    if (layer.ple_slice != kNoPle) with_ple.push_back(layer.ple_slice);
  }
  return with_ple;
}

TEST(TextTrainee, AThirdOfTheLayersIsRoundedUp) {
  using Layers = std::vector<int64_t>;
  EXPECT_EQ(LayersWithPle(PlePlacement::kFirstThird, 2), (Layers{0}));
  EXPECT_EQ(LayersWithPle(PlePlacement::kFirstThird, 4), (Layers{0, 1}));
  EXPECT_EQ(LayersWithPle(PlePlacement::kLastThird, 4), (Layers{2, 3}));
  EXPECT_EQ(LayersWithPle(PlePlacement::kFirstThird, 6), (Layers{0, 1}));
  EXPECT_EQ(LayersWithPle(PlePlacement::kLastThird, 7), (Layers{4, 5, 6}));
  EXPECT_EQ(LayersWithPle(PlePlacement::kShared, 2), (Layers{0, 1}));
}

TEST(TextTrainee, IsTrainedInFloat32OrBFloat16) {
  try {
    MakeTrainee(Config(), PlePlacement::kAll, 5, DType::kFloat16);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "dtype float16: expected float32 or bfloat16");
  }
}

TEST_F(StartOfATrainee, NamesATensorThatTheCheckpointLacks) {
  std::string json = testing::TinyConfig();
  json = testing::Replaced(json, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4");
  json = testing::Replaced(json, "[24, 24, 32]", "[24, 24, 32, 32]");
  json = testing::Replaced(json, "[0.9, 0.0, 0.0]", "[0.9, 0.0, 0.0, 0.0]");
  json = testing::Replaced(json, "\"layer_types\": [", "\"layer_types\": [\"full_attention\", ");
  TextTrainee trainee = MakeTrainee(ParseConfig(json, "x"), PlePlacement::kNone, 6, DType::kFloat32);
  try {
    StartFrom(trainee, folder_.path());
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_NE(
        std::string(error.what()).find(" to start from, found no such tensor; start from a checkpoint of"),
        std::string::npos)
        << error.what();
  }
}

TEST_F(StartOfATrainee, IsWrittenWithItsCompanionsAndItsHistory) {
  const testing::TemporaryFolder shape, again;
  testing::WriteText(shape / "tokenizer.json", "the vocabulary");
  const TrainedCheckpointOptions options{
      .dtype = DType::kFloat32, .metadata = {{"steps", "7"}}, .companions = {shape / "tokenizer.json"}};
  testing::WriteText(again / "tokenizer.json", "an old one");
  WriteTrainedCheckpoint(trained_, testing::TinyConfig(), again.path(), options);
  EXPECT_EQ(testing::ReadText(again / "tokenizer.json"), "the vocabulary");
  const TensorFile file = ReadTensorFile(again / "model.safetensors");
  EXPECT_EQ(file.Meta("steps"), "7");
  EXPECT_EQ(file.Meta("format"), "pt");
  EXPECT_EQ(file.Meta("weights"), "trained");
  TrainedCheckpointOptions own = options;
  own.companions = {again / "tokenizer.json"};
  WriteTrainedCheckpoint(trained_, testing::TinyConfig(), again.path(), own);
  EXPECT_EQ(testing::ReadText(again / "tokenizer.json"), "the vocabulary") << "was there already";
  EXPECT_THROW(WriteTrainedCheckpoint(trained_, testing::TinyConfig(), shape / "tokenizer.json", options),
               RunError);
}

}  // namespace text_trainee_test
}  // namespace plelab
