// The decode step against its oracle, the autograd forward, on random tiny models of odd shapes.
#include "model/text/decode/step_decoder.h"

#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "model/base/error.h"
#include "model/catalog/text_weight_list.h"
#include "model/text/decode/decode_state.h"
#include "model/text/text_model.h"
#include "tests/support/small_text_config.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace step_decoder_test {

constexpr LayerType S = LayerType::kSliding, F = LayerType::kFull;

TextConfig BaseConfig() {
  TextConfig c = testing::SmallTextConfig({S, F, S, F, S}, /*kv_shared=*/2);
  c.intermediate_size = {70, 65, 51, 70, 33};
  c.activation_sparsity_pattern = {0.95, 0.8, 0.6, 0, 0};
  return c;
}

// Another number of everything: many query heads to one key head, a single extra stream, dense, no sharing.
TextConfig WideConfig() {
  TextConfig c = BaseConfig();
  c.hidden_size = 60;
  c.hidden_size_per_layer_input = 16;
  c.num_attention_heads = 9;
  c.num_key_value_heads = 1;
  c.head_dim = 6;
  c.sliding_window = 2;
  c.laurel_rank = 17;
  c.altup_num_inputs = 2;
  c.altup_active_idx = 0;
  c.altup_correct_scale = false;
  c.final_logit_softcapping = 0;
  c.num_kv_shared_layers = 0;
  c.activation_sparsity_pattern = {0, 0, 0, 0, 0};
  return c;
}

// A model, the tokens of one batch, and where its rows come from.
struct Fixture {
  explicit Fixture(const TextConfig& c, DType dtype = DType::kFloat32, int64_t batch_size = 2,
                   PleKind kind = PleKind::kRows)
      : config(c), weights(RandomTextWeights(c, 7, dtype)), layers(DefaultLayers(c)), batch(batch_size) {
    torch::manual_seed(3);
    const auto type = dtype == DType::kFloat32 ? torch::kFloat32 : torch::kBFloat16;
    const int64_t columns = c.num_hidden_layers * c.hidden_size_per_layer_input;
    table = torch::randn({c.vocab_size_per_layer_input, columns}).to(type);
    table_dtype = dtype;
    ple = MakeTensorPle(table, c.num_hidden_layers, kind);
    ids = torch::randint(c.vocab_size, {batch, kTokens}, torch::kInt64);
    transposed = weights;
    for (DecoderLayerWeights& layer : transposed.layers) {
      LinearWeight& down = layer.mlp.down_proj;
      if (down.layout == WeightLayout::kTransposed) continue;
      down.values = down.values.t().contiguous();
      down.layout = WeightLayout::kTransposed;
    }
  }
  TextModel model() const { return {config, weights, layers, 0}; }
  TextModel transposed_model() const { return {config, transposed, layers, 0}; }

  std::unique_ptr<PleRequest> Begin(const torch::Tensor& some) const {
    const torch::Tensor flat = some.contiguous();
    return ple->Begin({flat.const_data_ptr<int64_t>(), static_cast<size_t>(flat.numel())});
  }
  torch::Tensor Forward(int64_t from, int64_t count, KvCache* kv, LogitsWanted wanted) const {
    const torch::Tensor some = ids.narrow(1, from, count);
    const auto request = Begin(some);
    const PleRows rows =
        PleRows::FromRequest(*request, table_dtype, batch, config.hidden_size_per_layer_input, torch::kCPU);
    const torch::NoGradGuard no_grad;
    return TextForward(model(), EmbedTokens(some, model()), rows, kv, wanted);
  }
  KvCache Cache(DType dtype = DType::kFloat32, int64_t chunk = 4) const {
    return KvCache(config, layers, batch, kTokens, chunk, dtype, torch::kCPU);
  }
  // Logits [batch, vocab] of the token at `position`, which is kv's next.
  torch::Tensor Step(StepDecoder& step, KvCache& kv, int64_t position, PleRequest* request = nullptr) const {
    const torch::Tensor some = ids.narrow(1, position, 1);
    const torch::Tensor embeds = EmbedTokens(some, model()).detach().contiguous();
    torch::Tensor logits = torch::full({batch, config.vocab_size}, NAN);
    const auto own = Begin(some);
    step.Run({embeds.const_data_ptr<float>(), static_cast<size_t>(embeds.numel())}, request ? *request : *own,
             kv, {logits.mutable_data_ptr<float>(), static_cast<size_t>(logits.numel())});
    return logits;
  }
  // Logits [batch, kTokens − kPrompt, vocab] of a prompt by the forward and then steps.
  torch::Tensor Steps(StepDecoder& step, KvCache& kv) const {
    Forward(0, kPrompt, &kv, LogitsWanted::kNone);
    std::vector<torch::Tensor> logits;
    for (int64_t t = kPrompt; t < kTokens; ++t) logits.push_back(Step(step, kv, t).unsqueeze(1));
    return at::cat(logits, 1);
  }
  torch::Tensor Oracle() const {
    return Forward(0, kTokens, nullptr, LogitsWanted::kAll).narrow(1, kPrompt, kTokens - kPrompt);
  }

  static constexpr int64_t kTokens = 19, kPrompt = 6;
  TextConfig config;
  TextWeights weights, transposed;
  LayerList layers;
  int64_t batch;
  torch::Tensor table, ids;
  DType table_dtype;
  std::unique_ptr<PleSource> ple;
};

void ExpectSameLogits(const torch::Tensor& logits, const torch::Tensor& oracle) {
  ASSERT_EQ(logits.sizes(), oracle.sizes());
  const double error = (logits - oracle).abs().max().item<double>();
  EXPECT_LE(error, 2e-4 * oracle.abs().max().item<double>());
}

double RelativeRms(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).square().mean().sqrt() / b.square().mean().sqrt()).item<double>();
}

// The forward reads rounded keys and values, a step rounds its queries, too.
TEST(DecodeStep, WithACacheOfInt8StaysCloseToTheForward) {
  for (const int64_t batch : {1, 3}) {
    const Fixture f(BaseConfig(), DType::kFloat32, batch);
    StepDecoder step(f.model(), DType::kFloat32, batch);
    KvCache kv = f.Cache(DType::kInt8), pieces = f.Cache(DType::kInt8);
    std::vector<torch::Tensor> logits;
    for (int64_t t = 0; t < Fixture::kTokens; ++t)
      logits.push_back(f.Forward(t, 1, &pieces, LogitsWanted::kAll));
    const torch::Tensor forward =
        at::cat(logits, 1).narrow(1, Fixture::kPrompt, Fixture::kTokens - Fixture::kPrompt);
    const torch::Tensor steps = f.Steps(step, kv), oracle = f.Oracle();
    EXPECT_GT(RelativeRms(forward, oracle), 0);
    EXPECT_LT(RelativeRms(forward, oracle), 0.02);
    EXPECT_LT(RelativeRms(steps, forward), 0.02);
  }
}

TEST(DecodeStep, AgreesWithTheForwardForEveryBatch) {
  for (const TextConfig& config : {BaseConfig(), WideConfig()}) {
    for (const int64_t batch : {1, 2, 5, 8}) {
      SCOPED_TRACE(batch);
      const Fixture f(config, DType::kFloat32, batch);
      StepDecoder step(f.model(), DType::kFloat32, batch);
      KvCache kv = f.Cache();
      ExpectSameLogits(f.Steps(step, kv), f.Oracle());
      EXPECT_EQ(kv.length(), Fixture::kTokens);
    }
  }
}

TEST(DecodeStep, AgreesWithTheForwardFromTheFirstTokenOn) {
  const Fixture f(BaseConfig());
  StepDecoder step(f.model(), DType::kFloat32, 2);
  KvCache kv = f.Cache(DType::kFloat32, /*chunk=*/1);
  std::vector<torch::Tensor> logits;
  for (int64_t t = 0; t < Fixture::kTokens; ++t) logits.push_back(f.Step(step, kv, t).unsqueeze(1));
  ExpectSameLogits(at::cat(logits, 1), f.Forward(0, Fixture::kTokens, nullptr, LogitsWanted::kAll));
}

TEST(DecodeStep, AgreesWithTheForwardForEveryKindOfRows) {
  for (const PleKind kind :
       {PleKind::kRows, PleKind::kFolded, PleKind::kProjectionOnly, PleKind::kBlockOff}) {
    SCOPED_TRACE(static_cast<int>(kind));
    const Fixture f(BaseConfig(), DType::kFloat32, 2, kind);
    StepDecoder step(f.model(), DType::kFloat32, 2);
    KvCache kv = f.Cache();
    ExpectSameLogits(f.Steps(step, kv), f.Oracle());
  }
}

TEST(DecodeStep, FollowsTheLayerList) {
  Fixture f(BaseConfig());
  LayerList& list = f.layers;
  list[2].ffn_width = 20;  // MatFormer
  list[3].ffn_width = 31;
  list[4].source_layer = 3;  // another layer's weights …
  list[4].ple_slice = 0;     // … and rows
  list[4].type = F;
  list[4].kv_donor = list[3].kv_donor;
  list.insert(list.begin() + 1, list[0]);  // the first layer once more, as a donor of its own
  for (size_t i = 1; i < list.size(); ++i) list[i].kv_donor += 1;
  CheckLayers(list, f.config);
  for (const bool transposed : {false, true}) {
    StepDecoder step(transposed ? f.transposed_model() : f.model(), DType::kFloat32, 2);
    KvCache kv = f.Cache();
    ExpectSameLogits(f.Steps(step, kv), f.Oracle());
  }
}

struct Widen {
  void operator()(const TensorSpec&, torch::Tensor& field) const {
    if (field.defined()) field = field.to(torch::kFloat32);
  }
  void operator()(const TensorSpec&, LinearWeight& field) const {
    if (field.values.defined()) field.values = field.values.to(torch::kFloat32);
    field.format = WeightFormat::kFloat32;
  }
};

// float32 logits of the same (bfloat16) weights are the truth; the forward stands where the reference stands
// in the contract: rms(ours − float32) ≤ 1.1 × rms(reference bfloat16 − float32).
TEST(DecodeStep, IsNoFurtherFromFloat32ThanTheForwardInBFloat16) {
  for (const TextConfig& config : {BaseConfig(), WideConfig()}) {
    const Fixture narrow(config, DType::kBFloat16);
    Fixture wide(config, DType::kBFloat16);
    ForEachTensor("", config, wide.weights, Widen{});
    const torch::Tensor truth = wide.Oracle();
    StepDecoder step(narrow.model(), DType::kBFloat16, 2);
    KvCache kv = narrow.Cache(DType::kBFloat16);
    const auto rms = [&](const torch::Tensor& logits) {
      return (logits - truth).square().mean().sqrt().item<double>();
    };
    const double forward = rms(narrow.Oracle());
    EXPECT_GT(forward, 0);
    EXPECT_LE(rms(narrow.Steps(step, kv)), 1.1 * forward);
  }
}

TEST(DecodeStep, SparseFfnHasTheBitsOfAllUnits) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const Fixture f(BaseConfig(), dtype, 3);
    for (const bool transposed : {false, true}) {
      const TextModel model = transposed ? f.transposed_model() : f.model();
      StepDecoder sparse(model, dtype, 3), all(model, dtype, 3);
      all.ComputeAllUnits(true);
      KvCache first = f.Cache(dtype), second = f.Cache(dtype);
      EXPECT_TRUE(torch::equal(f.Steps(sparse, first), f.Steps(all, second)));
    }
  }
}

TEST(DecodeStep, WithoutLogitsLeavesTheSameCache) {
  const Fixture f(BaseConfig());
  StepDecoder step(f.model(), DType::kFloat32, 2);
  KvCache with = f.Cache(), without = f.Cache();
  for (int64_t t = 0; t < 8; ++t) {
    f.Step(step, with, t);
    const torch::Tensor some = f.ids.narrow(1, t, 1), embeds = EmbedTokens(some, f.model()).contiguous();
    step.Run({embeds.const_data_ptr<float>(), static_cast<size_t>(embeds.numel())}, *f.Begin(some), without,
             {});
  }
  EXPECT_EQ(without.length(), 8);
  EXPECT_TRUE(torch::equal(f.Step(step, with, 8), f.Step(step, without, 8)));
}

// Asks the cache, at the first request for rows, whether layer 0 has been through its attention.
class WatchingRequest : public PleRequest {
 public:
  WatchingRequest(PleRequest& rows, const KvCache& kv) : rows_(rows), kv_(kv) {}
  std::span<const std::byte> Layer(int64_t layer) override {
    order.push_back(layer);
    const torch::Tensor slot = kv_.keys(0).Read(kv_.length(), kv_.length() + 1);
    if (layer == 0) keys_were_written = slot.abs().sum().item<double>() > 0;
    if (layer == fails_at) throw RunError("row 5 is lost");
    return rows_.Layer(layer);
  }
  bool keys_were_written = false;
  int64_t fails_at = -1;
  std::vector<int64_t> order;

 private:
  PleRequest& rows_;
  const KvCache& kv_;
};

TEST(DecodeStep, AsksForRowsOnlyWhenLayerZeroHasDoneTheRest) {
  const Fixture f(BaseConfig());
  StepDecoder step(f.model(), DType::kFloat32, 2);
  KvCache kv = f.Cache();
  const auto rows = f.Begin(f.ids.narrow(1, 0, 1));
  WatchingRequest watching(*rows, kv);
  f.Step(step, kv, 0, &watching);
  EXPECT_TRUE(watching.keys_were_written);
  EXPECT_EQ(watching.order, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST(DecodeStep, CanBeRepeatedAfterRowsWereLost) {
  const Fixture f(BaseConfig());
  StepDecoder step(f.model(), DType::kFloat32, 2);
  KvCache kv = f.Cache(), other = f.Cache();
  const auto rows = f.Begin(f.ids.narrow(1, 0, 1));
  WatchingRequest failing(*rows, kv);
  failing.fails_at = 3;
  EXPECT_THROW(f.Step(step, kv, 0, &failing), RunError);
  EXPECT_EQ(kv.length(), 0);
  EXPECT_TRUE(torch::equal(f.Step(step, kv, 0), f.Step(step, other, 0)));
}

TEST(DecodeStep, RefusesWhatDoesNotFit) {
  const Fixture f(BaseConfig());
  StepDecoder step(f.model(), DType::kFloat32, 2);
  EXPECT_FALSE(StepDecoder::Supports(9, torch::kCPU));
  EXPECT_THROW(StepDecoder(f.model(), DType::kFloat32, 9), RunError);
  KvCache of_three(f.config, f.layers, 3, 8, 4, DType::kFloat32, torch::kCPU);
  EXPECT_THROW(f.Step(step, of_three, 0), RunError);
  KvCache full(f.config, f.layers, 2, 1, 1, DType::kFloat32, torch::kCPU);
  f.Step(step, full, 0);
  EXPECT_THROW(f.Step(step, full, 1), RunError);
  KvCache kv = f.Cache();
  const auto rows_of_four = f.Begin(f.ids.narrow(1, 0, 2));
  EXPECT_THROW(f.Step(step, kv, 0, rows_of_four.get()), RunError);
}

TEST(DecodeStep, SaysWhichSizesDoNotFit) {
  const Fixture f(BaseConfig());
  EXPECT_FALSE(StepDecoder::Supports(0, torch::kCPU));
  EXPECT_TRUE(StepDecoder::Supports(1, torch::kCPU) && StepDecoder::Supports(8, torch::kCPU));
  StepDecoder step(f.model(), DType::kFloat32, 2);
  EXPECT_EQ(step.batch(), 2);
  KvCache kv = f.Cache();
  const auto rows = f.Begin(f.ids.narrow(1, 0, 1));
  const size_t hidden = 2 * f.config.hidden_size, vocab = 2 * f.config.vocab_size;
  std::vector<float> embeds(hidden + 1), logits(vocab + 1);
  const std::span<const float> in(embeds);
  const std::span<float> out(logits);
  EXPECT_THROW(step.Run(in, *rows, kv, out.first(vocab)), RunError);
  EXPECT_THROW(step.Run(in.first(hidden), *rows, kv, out), RunError);
  EXPECT_THROW(step.Run(in.first(hidden), *rows, kv, out.first(vocab - 1)), RunError);
  EXPECT_EQ(kv.length(), 0);
  TextConfig wide = f.config;
  wide.altup_num_inputs = 9;
  try {
    StepDecoder({wide, f.weights, f.layers, 0}, DType::kFloat32, 2);
    ADD_FAILURE() << "9 streams were accepted";
  } catch (const RunError& error) {
    EXPECT_STREQ(error.what(), "decode step: 9 AltUp streams are not supported; up to 8 are");
  }
}

TEST(DecodeOps, RotaryRowsAreThoseOfTheTableWhereverTheStepIs) {
  const TextConfig c = BaseConfig();
  for (const LayerType type : {S, F}) {
    RopeRows rows(c, type);
    for (const int64_t position : {0, 7, 1023, 1024, 1025, 2047, 2048, 1024, 3, 5000}) {
      const RopeRows::Row row = rows.At(position);
      const RopeTable table = MakeRope(c, type, position, 1, torch::kCPU);
      for (int64_t i = 0; i < c.head_dim / 2; ++i) {
        EXPECT_NEAR(row.cos[i], table.cos[0][i].item<float>(), 1e-6) << position << ", " << i;
        EXPECT_NEAR(row.sin[i], table.sin[0][i].item<float>(), 1e-6) << position << ", " << i;
      }
    }
  }
}

TEST(DecodeOps, MatchMagnitudeBoundsWhatItDividesBy) {
  std::vector<float> target = {1, 2, 2, 2, 0, 0}, x = {3, 0, 4, 1e-4f, 0, 0};
  MatchMagnitude({target.data(), 2, 3}, {x.data(), 2, 3});
  EXPECT_NEAR(x[0], 3 * std::sqrt(9.0 / 25.0), 1e-6);
  EXPECT_NEAR(x[2], 4 * std::sqrt(9.0 / 25.0), 1e-6);
  EXPECT_NEAR(x[3], 1e-4 * std::sqrt(4.0 / 3.0) / std::sqrt(1e-5), 1e-7);
}

TEST(DecodeOps, RotateAndAddRowByRow) {
  std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8};
  const float cos[] = {0.5f, 0.25f}, sin[] = {2, 3};
  RotateRows({x.data(), 2, 4}, cos, sin);
  EXPECT_EQ(x, (std::vector<float>{-5.5f, -11.5f, 3.5f, 7, -11.5f, -22.5f, 13.5f, 20}));
  std::vector<float> a = {1, 2, 3, 4}, b = {10, 20, 30, 40};
  AddRows({a.data(), 2, 2}, {b.data(), 2, 2}, {a.data(), 2, 2});
  EXPECT_EQ(a, (std::vector<float>{11, 22, 33, 44}));
}

}  // namespace step_decoder_test
}  // namespace plelab
