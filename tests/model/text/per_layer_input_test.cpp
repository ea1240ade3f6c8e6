#include "model/text/per_layer_input.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "model/base/error.h"
#include "model/text/text_model.h"
#include "tests/support/golden.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace per_layer_input_test {

class PleKinds : public ::testing::Test {
 protected:
  PleKinds() : golden_("odd"), table_(ReadPleTable(*golden_.checkpoint)) {
    weights_ = LoadTextWeights(*golden_.checkpoint, {.dtype = DType::kFloat32});
  }

  const TextConfig& text() const { return golden_.checkpoint->config().text; }

  torch::Tensor Logits(PleKind kind, const torch::Tensor& table) const {
    const at::NoGradGuard no_grad;
    const auto ple = MakeTensorPle(table, text().num_hidden_layers, kind);
    const torch::Tensor& ids = golden_.ids();
    const auto request = ple->Begin({ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel())});
    const DType dtype = ple->geometry().dtype;
    return Run(
        PleRows::FromRequest(*request, dtype, ids.size(0), text().hidden_size_per_layer_input, torch::kCPU));
  }
  torch::Tensor Run(const PleRows& rows) const {
    const TextModel model{text(), weights_, layers()};
    return TextForward(model, EmbedTokens(golden_.ids(), model), rows, nullptr, LogitsWanted::kAll);
  }
  const LayerList& layers() const {
    static const LayerList list = DefaultLayers(golden_.checkpoint->config().text);
    return list;
  }

  TextGolden golden_;
  torch::Tensor table_;
  TextWeights weights_;
};

TEST_F(PleKinds, RowsGiveTheReferencesLogits) {
  const auto& reference = golden_["logits_float32"];
  EXPECT_LE(MaxAbs(Logits(PleKind::kRows, table_) - reference), LogitTolerance(reference));
}

TEST_F(PleKinds, ATableTensorGivesTheSameLogitsAsASource) {
  const at::NoGradGuard no_grad;
  const auto rows =
      PleRows::FromTable(table_, golden_.ids(), text().hidden_size_per_layer_input, /*padding_idx=*/0);
  EXPECT_TRUE(Run(rows).equal(Logits(PleKind::kRows, table_)));
}

// The projection alone is not divided by √2, so a table of zeros gives another model.
TEST_F(PleKinds, ProjectionOnlyIsUnscaled) {
  const auto projection_only = Logits(PleKind::kProjectionOnly, table_);
  EXPECT_TRUE(projection_only.equal(Run(PleRows::None())));
  EXPECT_GT(MaxAbs(projection_only - Logits(PleKind::kRows, torch::zeros_like(table_))), 1e-3);
}

TEST_F(PleKinds, ProjectionOnlyOfOneLayerByHand) {
  const at::NoGradGuard no_grad;
  const auto embeds = torch::randn({1, 3, text().hidden_size});
  const auto projection =
      SplitByLayer(weights_.per_layer_model_projection, text().hidden_size_per_layer_input)[2];
  const auto got =
      PerLayerInput(embeds, PleRows::None(), 2, projection, weights_.per_layer_projection_norm, text());
  const int64_t dim = text().hidden_size_per_layer_input;
  const auto rows = weights_.per_layer_model_projection.values.narrow(0, 2 * dim, dim);
  const auto product = torch::matmul(embeds, rows.t()) / std::sqrt(static_cast<double>(text().hidden_size));
  const auto rms = (product.square().mean(-1, true) + text().rms_norm_eps).sqrt();
  EXPECT_TRUE(torch::allclose(got, product / rms * weights_.per_layer_projection_norm, 1e-4, 1e-5));
}

TEST_F(PleKinds, BlockOffEqualsABranchThatAddsNothing) {
  const auto off = Logits(PleKind::kBlockOff, table_);
  for (auto& layer : weights_.layers) layer.post_per_layer_input_norm = torch::zeros({text().hidden_size});
  const auto silenced = Logits(PleKind::kRows, table_);
  EXPECT_LE(MaxAbs(off - silenced), LogitTolerance(silenced));
  EXPECT_GT(MaxAbs(off - golden_["logits_float32"]), 0.01 * MaxAbs(silenced));
}

// A folded table holds the finished input of each id.  Here it is made from the embeddings of all ids.
TEST_F(PleKinds, FoldedIsTheFinishedInput) {
  const at::NoGradGuard no_grad;
  const int64_t vocab = text().vocab_size, dim = text().hidden_size_per_layer_input;
  const TextModel model{text(), weights_, layers()};
  const auto every_id = torch::arange(vocab).unsqueeze(0);
  const auto rows = PleRows::FromTable(table_, every_id, dim, 0);
  const auto projections = SplitByLayer(weights_.per_layer_model_projection, dim);
  std::vector<torch::Tensor> finished;
  for (int64_t layer = 0; layer < text().num_hidden_layers; ++layer) {
    finished.push_back(PerLayerInput(EmbedTokens(every_id, model), rows, layer, projections[layer],
                                     weights_.per_layer_projection_norm, text())[0]);
  }
  const auto& reference = golden_["logits_float32"];
  EXPECT_LE(MaxAbs(Logits(PleKind::kFolded, torch::cat(finished, -1)) - reference),
            LogitTolerance(reference));
}

TEST(PleRows, AnIdOutsideTheTableReadsRowZero) {
  const auto table = torch::arange(6, torch::kFloat32).view({3, 2});
  const auto rows = PleRows::FromTable(table, torch::tensor({{2, 3, -1}}), /*ple_dim=*/1, -1).Layer(1);
  EXPECT_TRUE(rows.equal(torch::tensor({5.0f, 1.0f, 1.0f}).view({1, 3, 1})));
}

TEST(PleRows, ARequestOfAnotherSizeIsRefused) {
  const auto ple = MakeTensorPle(torch::zeros({4, 6}), /*layers=*/2);
  const std::vector<int64_t> ids = {1, 2, 3};
  const auto request = ple->Begin(ids);
  EXPECT_NO_THROW(PleRows::FromRequest(*request, DType::kFloat32, 1, 3, torch::kCPU).Layer(0));
  EXPECT_THROW(PleRows::FromRequest(*request, DType::kFloat32, 2, 3, torch::kCPU).Layer(0), RunError);
}

}  // namespace per_layer_input_test
}  // namespace plelab
