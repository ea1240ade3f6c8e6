// The text decoder with layer lists, caches and dtypes that no golden covers.
#include "model/text/text_model.h"

#include <gtest/gtest.h>

#include <vector>

#include "model/base/error.h"
#include "tests/support/golden.h"
#include "tests/support/small_text_config.h"

namespace plelab {
namespace text_model_test {

constexpr LayerType kS = LayerType::kSliding, kF = LayerType::kFull;

TextConfig SmallConfig() {
  TextConfig c = testing::SmallTextConfig({kS, kF, kS, kF, kS, kF}, /*kv_shared=*/2);
  c.activation_sparsity_pattern[0] = 0.8;
  return c;
}

class TextModelTest : public ::testing::Test {
 protected:
  TextModelTest() : config_(SmallConfig()), weights_(RandomTextWeights(config_, 11, DType::kFloat32)) {
    torch::manual_seed(5);
    table_ = torch::randn({config_.vocab_size_per_layer_input,
                           config_.num_hidden_layers * config_.hidden_size_per_layer_input});
    ids_ = torch::randint(config_.vocab_size, {2, 3 * config_.sliding_window + 4}, torch::kInt64);
    layers_ = DefaultLayers(config_);
  }

  torch::Tensor Logits(const TextWeights& weights, const LayerList& layers, KvCache* kv = nullptr,
                       LogitsWanted wanted = LogitsWanted::kAll) const {
    const at::NoGradGuard no_grad;
    CheckLayers(layers, config_);
    const TextModel model{config_, weights, layers};
    const auto rows = PleRows::FromTable(table_, ids_, config_.hidden_size_per_layer_input, 0);
    return TextForward(model, EmbedTokens(ids_, model), rows, kv, wanted);
  }
  KvCache Cache(const LayerList& layers, int64_t chunk, DType dtype = DType::kFloat32) const {
    return KvCache(config_, layers, ids_.size(0), ids_.size(1), chunk, dtype, torch::kCPU);
  }

  TextConfig config_;
  TextWeights weights_;
  torch::Tensor table_, ids_;
  LayerList layers_;
};

TEST_F(TextModelTest, TheRingGivesWhatAFullPassGivesForAPromptOfThreeWindows) {
  const auto full = Logits(weights_, layers_);
  for (const int64_t chunk : {1, 2, 4, 5, 6, 13, 19}) {
    KvCache kv = Cache(layers_, chunk);
    EXPECT_LE(MaxAbs(Logits(weights_, layers_, &kv) - full), LogitTolerance(full)) << "chunk " << chunk;
    kv.Clear();
    EXPECT_LE(MaxAbs(Logits(weights_, layers_, &kv) - full), LogitTolerance(full))
        << "used again, chunk " << chunk;
  }
}

TEST_F(TextModelTest, ANarrowerFfnIsTheOneOfTheFirstUnits) {
  LayerList narrow = layers_;
  for (LayerSpec& layer : narrow) layer.ffn_width = 10;
  TextWeights cut = weights_;
  for (DecoderLayerWeights& layer : cut.layers) {
    const auto trim = [](LinearWeight& w, int dim) {
      const int at = w.layout == WeightLayout::kRowMajor ? dim : 1 - dim;
      w.values = w.values.narrow(at, 0, 10).contiguous();
      (dim == 0 ? w.out : w.in) = 10;
    };
    trim(layer.mlp.gate_proj, 0);
    trim(layer.mlp.up_proj, 0);
    trim(layer.mlp.down_proj, 1);
  }
  const auto expected = Logits(cut, narrow);
  EXPECT_LE(MaxAbs(Logits(weights_, narrow) - expected), LogitTolerance(expected));
  EXPECT_GT(MaxAbs(Logits(weights_, layers_) - expected), 0.01 * MaxAbs(expected));
}

// Runs layer 1 twice (the second time with keys of its own), leaves layer 2 out and swaps the last two.
TEST_F(TextModelTest, SkipsRepeatsAndReordersByTheList) {
  LayerList list = {layers_[0], layers_[1], layers_[1], layers_[3], layers_[5], layers_[4]};
  list[2].kv_donor = 2;
  list[2].ple_slice = 2;
  list[4].kv_donor = 3;
  list[5].kv_donor = 0;
  TextWeights arranged = weights_;
  const std::vector<int64_t> order = {0, 1, 1, 3, 5, 4};
  for (size_t i = 0; i < order.size(); ++i) arranged.layers[i] = weights_.layers[order[i]];
  // The same model expressed differently: the weights are reordered, and the list walks them in order.
  LayerList in_order = list;
  for (size_t i = 0; i < order.size(); ++i) in_order[i].source_layer = static_cast<int64_t>(i);
  TextConfig no_sharing = config_;
  no_sharing.num_kv_shared_layers = 0;  // position 2 has keys of its own wherever its weights came from
  CheckLayers(in_order, no_sharing);
  const auto expected = Logits(arranged, in_order);
  EXPECT_TRUE(Logits(weights_, list).equal(expected));
  EXPECT_GT(MaxAbs(Logits(weights_, layers_) - expected), 0.01 * MaxAbs(expected));
  KvCache kv = Cache(list, /*chunk=*/3);
  EXPECT_LE(MaxAbs(Logits(weights_, list, &kv) - expected), LogitTolerance(expected));
  kv = Cache(list, /*chunk=*/3);
  const auto last = Logits(weights_, list, &kv, LogitsWanted::kLast);
  EXPECT_LE(MaxAbs(last - expected.narrow(1, ids_.size(1) - 1, 1)), LogitTolerance(expected));
}

TEST_F(TextModelTest, CachedAndUncachedAgreeInBFloat16) {
  const TextWeights low = RandomTextWeights(config_, 11, DType::kBFloat16);
  const auto exact = Logits(weights_, layers_);
  const auto full = Logits(low, layers_);
  KvCache kv = Cache(layers_, 4, DType::kBFloat16);
  const auto cached = Logits(low, layers_, &kv);
  const double error = Rms(full - exact);
  EXPECT_GT(error, 0);
  EXPECT_LT(Rms(cached - full), 0.5 * error);  // the same rounded keys, but sums in another order
}

TEST_F(TextModelTest, RefusesACacheOfAnotherBatchOrTooSmall) {
  KvCache other(config_, layers_, /*batch=*/3, 64, 8, DType::kFloat32, torch::kCPU);
  EXPECT_THROW(Logits(weights_, layers_, &other), RunError);
  KvCache small(config_, layers_, ids_.size(0), ids_.size(1) - 1, 8, DType::kFloat32, torch::kCPU);
  EXPECT_THROW(Logits(weights_, layers_, &small), RunError);
  EXPECT_EQ(small.length(), 0);  // detected before the first chunk is written
}

}  // namespace text_model_test
}  // namespace plelab
