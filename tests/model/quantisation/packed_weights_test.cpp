// A folder of quantised weights is a checkpoint: what its codes stand for is what the model multiplies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <numeric>
#include <tuple>

#include "model/base/error.h"
#include "model/catalog/load_weights.h"
#include "model/catalog/parameter_count.h"
#include "model/catalog/synth.h"
#include "model/catalog/text_weight_list.h"
#include "model/catalog/weight_catalog.h"
#include "model/gemma3n/gemma3n.h"
#include "model/kernels/products/widen_rows.h"
#include "model/packing/pack_checkpoint.h"
#include "model/ple/strategies/factory.h"
#include "model/quantisation/encode_weights.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace packed_weights_test {
using ::testing::HasSubstr;

// Wide enough for groups of 32, except for the rank of LAuReL.
std::string Config() {
  std::string text = testing::TinyConfig();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {R"("hidden_size": 16)", R"("hidden_size": 128)"},
           {R"("hidden_size_per_layer_input": 4)", R"("hidden_size_per_layer_input": 32)"},
           {R"("head_dim": 8)", R"("head_dim": 32)"},
           {R"("intermediate_size": [24, 24, 32])", R"("intermediate_size": [160, 96, 128])"},
           {R"("laurel_rank": 2)", R"("laurel_rank": 40)"}}) {
    text = testing::Replaced(text, from, to);
  }
  return text;
}

class PackedWeights : public ::testing::TestWithParam<std::tuple<int, int64_t, bool>> {
 protected:
  PackedWeights() {
    WriteRandomCheckpoint(Config(), original_.path(), {.seed = 5, .dtype = DType::kFloat32});
    checkpoint_ = std::make_shared<const Checkpoint>(Checkpoint::Open(original_.path()));
    const auto [bits, group, mixed] = GetParam();
    plan_ = PlanWeights(checkpoint_->config(),
                        {.format = {bits, group}, .ple_int8 = mixed, .embedding_int8 = mixed});
    const TensorEncoding encoding = QuantisedEncoding(*checkpoint_, plan_);
    PackCheckpoint(*checkpoint_, packed_.path() + "/a", {.table = false, .weights = &encoding});
    quantised_ = std::make_shared<const Checkpoint>(Checkpoint::Open(packed_.path() + "/a"));
  }

  static torch::Tensor Logits(const std::shared_ptr<const Checkpoint>& checkpoint, int64_t at_once) {
    Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
    KvCache kv = model.MakeKvCache(1, 24);
    const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
    std::vector<torch::Tensor> logits;
    for (int64_t first = 0; first < 24; first += at_once) {
      std::vector<int64_t> ids(static_cast<size_t>(at_once));
      std::iota(ids.begin(), ids.end(), first);
      const auto request = source->Begin(ids);
      logits.push_back(at_once == 1 ? model.DecodeStep(ids, kv, *request).view({1, 1, -1})
                                    : model.Forward(torch::tensor(ids).view({1, at_once}), &kv, *request,
                                                    LogitsWanted::kAll));
    }
    return torch::cat(logits, 1);
  }

  const testing::TemporaryFolder original_, packed_;
  std::shared_ptr<const Checkpoint> checkpoint_, quantised_;
  std::map<std::string, PlannedWeight> plan_;
};

double RelativeError(const torch::Tensor& found, const torch::Tensor& expected) {
  return ((found - expected).square().mean() / expected.square().mean()).sqrt().item<double>();
}

TEST_P(PackedWeights, TheFolderIsACheckpointOfTheSameShape) {
  EXPECT_NO_THROW(VerifyTensors(*quantised_, {}));
  EXPECT_TRUE(quantised_->is_quantised());
  EXPECT_EQ(quantised_->weights_label(), "random");
  EXPECT_NE(quantised_->fingerprint(), checkpoint_->fingerprint());
  const ParameterCount before = CountCheckpoint(*checkpoint_), after = CountCheckpoint(*quantised_);
  EXPECT_EQ(after.parameters.total(), before.parameters.total());
  int64_t codes = 0, planned = 0;
  for (const auto& [name, weight] : plan_) {
    planned += weight.out * weight.in;
    for (const TensorInfo* info : quantised_->Stored(name)) codes += info->size_bytes;
  }
  EXPECT_EQ(before.bytes.total() - after.bytes.total(), planned * 4 - codes);
  EXPECT_NEAR(BitsPerWeight(plan_), 8.0 * static_cast<double>(codes) / static_cast<double>(planned), 1e-9);
}

// Every weight that was loaded is near the published one, in its own layout.
TEST_P(PackedWeights, LoadedRowsStandForThePublishedOnes) {
  TextWeights exact = LoadTextWeights(*checkpoint_, {.dtype = DType::kFloat32});
  TextWeights found = LoadTextWeights(*quantised_, {.dtype = DType::kFloat32});
  std::map<std::string, torch::Tensor> values;
  const auto keep = [&](const TensorSpec& spec, const auto& field) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, LinearWeight>) {
      values[spec.name] = field.values;
    }
  };
  ForEachTensor("model.", checkpoint_->config().text, exact, keep);
  size_t quantised = 0;
  const auto compare = [&](const TensorSpec& spec, const auto& field) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, LinearWeight>) {
      if (!field.defined() || !field.is_quantised()) return;
      ++quantised;
      const MatrixView view = field.View();
      torch::Tensor rows = torch::empty({view.rows, view.cols});
      WidenRows(view, 0, view.rows, ElementType::kFloat32, rows.data_ptr());
      EXPECT_LT(RelativeError(rows, values.at(spec.name)), field.format == WeightFormat::kInt8 ? 0.01 : 0.12)
          << spec.name;
    }
  };
  ForEachTensor("model.", checkpoint_->config().text, found, compare);
  EXPECT_EQ(quantised, plan_.size());
}

TEST_P(PackedWeights, StepsGiveTheLogitsOfOnePassInPieces) {
  const torch::Tensor steps = Logits(quantised_, 1), pieces = Logits(quantised_, 8);
  // Both quantise each vector; a sum in another order may move a value across a tie between two codes.
  EXPECT_LT(RelativeError(steps, pieces), 0.01);
  // A longer pass widens the weights, and does not quantise vectors.
  EXPECT_LT(RelativeError(steps, Logits(quantised_, 24)), 0.05);
}

TEST_P(PackedWeights, LogitsAreNearThoseOfThePublishedWeights) {
  const double bound = std::get<0>(GetParam()) == 8 ? 0.05 : 0.6;  // random weights have no redundancy
  EXPECT_LT(RelativeError(Logits(quantised_, 1), Logits(checkpoint_, 1)), bound);
}

INSTANTIATE_TEST_SUITE_P(Formats, PackedWeights,
                         ::testing::Values(std::tuple(8, 0, false), std::tuple(4, 32, false),
                                           std::tuple(4, 128, false), std::tuple(4, 32, true)));

using PackedWeightsErrors = PackedWeights;
INSTANTIATE_TEST_SUITE_P(Int8, PackedWeightsErrors, ::testing::Values(std::tuple(8, 0, false)));

TEST_P(PackedWeightsErrors, QuantisedWeightsAreNotQuantisedAgain) {
  try {
    QuantisedEncoding(*quantised_, plan_);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("pack the checkpoint that they were packed from"));
  }
}

TEST_P(PackedWeightsErrors, CodesOfAnotherShapeAreRefused) {
  const std::string path = quantised_->directory() + "/config.json";
  testing::WriteText(path, testing::Replaced(Config(), R"([160, 96, 128])", R"([160, 128, 128])"));
  try {
    VerifyTensors(Checkpoint::Open(quantised_->directory()), {});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("gate_proj.weight.int8': expected codes of [128, 128], found [96, 128]"));
  }
}

TEST_P(PackedWeightsErrors, TableAndWeightsAreNotPackedAtOnce) {
  const TensorEncoding encoding = QuantisedEncoding(*checkpoint_, plan_);
  EXPECT_THROW(PackCheckpoint(*checkpoint_, packed_.path() + "/b", {.weights = &encoding}), UserError);
  // One after the other they are.
  PackCheckpoint(*quantised_, packed_.path() + "/b", {.format = {.form = RowForm::kInt4}});
  const Checkpoint both = Checkpoint::Open(packed_.path() + "/b");
  EXPECT_TRUE(both.is_quantised() && both.has_packed_table());
  EXPECT_NO_THROW(VerifyTensors(both, {}));
  EXPECT_NO_THROW(both.ple_table());
}

}  // namespace packed_weights_test
}  // namespace plelab
