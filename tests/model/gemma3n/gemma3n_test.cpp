#include "model/gemma3n/gemma3n.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "model/base/error.h"
#include "model/checkpoint/safetensors.h"
#include "model/gemma3n/input_embedder.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace gemma3n_test {

std::span<const int64_t> Span(const torch::Tensor& ids) {
  return {ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel())};
}

std::unique_ptr<PleSource> Source(const Checkpoint& checkpoint, const std::string& spec = "resident") {
  return MakePleSource(ParsePleSpec(spec), checkpoint.ple_table());
}

// All logits of a prompt and of the steps after it, [B, T, vocab].
torch::Tensor PromptAndSteps(Gemma3n& model, PleSource& ple, const torch::Tensor& ids) {
  const int64_t prompt = ids.size(1) - 4;
  KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1), /*chunk=*/8);
  const torch::Tensor first = ids.narrow(1, 0, prompt).contiguous();
  std::vector<torch::Tensor> logits = {
      model.Forward(first, &kv, *ple.Begin(Span(first)), LogitsWanted::kAll)};
  for (int64_t t = prompt; t < ids.size(1); ++t) {
    const torch::Tensor next = ids.select(1, t).contiguous();
    logits.push_back(model.DecodeStep(Span(next), kv, *ple.Begin(Span(next))).unsqueeze(1));
  }
  return torch::cat(logits, 1);
}

TEST(Gemma3n, EveryExactSourceGivesTheSameBits) {
  const TextGolden golden("odd");
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = dtype});
    const auto resident = PromptAndSteps(model, *Source(*golden.checkpoint), golden.ids());
    for (const std::string spec :
         {"resident,pages=4k", "disk", "disk,prefetch=false", "disk,backend=direct", "disk,backend=mmap",
          "cached,capacity=5%", "cached,capacity=0MiB,over.backend=mmap"}) {
      const auto ple = Source(*golden.checkpoint, spec);
      EXPECT_TRUE(PromptAndSteps(model, *ple, golden.ids()).equal(resident)) << spec << ", " << Name(dtype);
    }
  }
}

TEST(Gemma3n, DroppedRowsAreAnotherModel) {
  const TextGolden golden("odd");
  Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  const auto resident = PromptAndSteps(model, *Source(*golden.checkpoint), golden.ids());
  for (const std::string mode : {"zero_row", "projection_only", "block_off"}) {
    const auto ple = Source(*golden.checkpoint, "dropped,mode=" + mode);
    EXPECT_GT(MaxAbs(PromptAndSteps(model, *ple, golden.ids()) - resident), 0.01 * MaxAbs(resident)) << mode;
  }
}

TEST(Gemma3n, RefusesIdsOutsideTheVocabularyWithTheirPlace) {
  const TextGolden golden("odd");
  Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  const int64_t vocab = model.config().text.vocab_size;
  for (const int64_t bad : {int64_t{-1}, vocab, vocab + 1000}) {
    const auto ids = torch::tensor({2, 3, 4, 5}).view({2, 2}).contiguous();
    ids[1][0] = bad;
    const auto ple = Source(*golden.checkpoint);
    try {
      model.Forward(ids, nullptr, *ple->Begin(Span(ids)), LogitsWanted::kLast);
      FAIL() << bad << " was accepted";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("sequence 1, position 0 is " + std::to_string(bad)));
    }
  }
}

TEST(Gemma3n, RefusesIdsPastTheEndOfAModality) {
  Gemma3nConfig config;
  config.text.vocab_size = 100;
  config.vision = VisionConfig{};
  config.vision->vocab_offset = 80;
  config.vision->vocab_size = 5;
  config.audio = AudioConfig{};
  config.audio->vocab_offset = 90;
  config.audio->vocab_size = 10;
  EXPECT_NO_THROW(CheckIds(torch::tensor({{79, 80, 84, 90, 99}}), config));
  EXPECT_THROW(CheckIds(torch::tensor({{85}}), config), UserError);
  EXPECT_THROW(CheckIds(torch::tensor({{100}}), config), UserError);
}

TEST(Gemma3n, LoadsAnEmbedderWhenItsFirstTokenComes) {
  const TextGolden golden("mixed");
  Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  const auto ple = Source(*golden.checkpoint);
  const auto run = [&](std::vector<int64_t> ids) {
    const auto column = torch::tensor(ids).unsqueeze(0).contiguous();
    model.Forward(column, nullptr, *ple->Begin(Span(column)), LogitsWanted::kLast);
  };
  const int64_t loaded = golden.checkpoint->weight_bytes_read();
  run({2, 5, 95});
  EXPECT_EQ(model.weight_bytes().vision, 0);
  EXPECT_EQ(model.weight_bytes().audio, 0);
  EXPECT_EQ(golden.checkpoint->weight_bytes_read(), loaded);
  run({2, 96, 5});
  EXPECT_GT(model.weight_bytes().vision, 0);
  EXPECT_EQ(model.weight_bytes().audio, 0);
  run({2, 112});
  EXPECT_GT(model.weight_bytes().audio, 0);
}

// Counts by hand: everything but the PLE table once, plus keys and values up to the window.
TEST(Gemma3n, AStepReadsTheStackTheEmbeddingAndTheKeys) {
  const TextGolden golden("plain");  // dense, without KV-sharing layers
  const Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kBFloat16});
  const TextConfig& c = model.config().text;
  const WeightBytes bytes = model.weight_bytes();
  EXPECT_EQ(bytes.token_embedding, c.vocab_size * c.hidden_size * 2);
  const int64_t position_bytes = 2 * c.num_key_value_heads * c.head_dim * 2;
  const auto expected = [&](int64_t in_sliding, int64_t in_full) {
    return bytes.token_embedding + bytes.text_stack + (4 * in_sliding + in_full) * position_bytes;
  };
  EXPECT_EQ(model.DecodeStepBytes(0), expected(1, 1));
  EXPECT_EQ(model.DecodeStepBytes(15), expected(16, 16));
  EXPECT_EQ(model.DecodeStepBytes(99), expected(16, 100));  // the window is 16
}

// Finished inputs are projected already; without the branch neither projection nor gate is read.
TEST(Gemma3n, AStepReadsThePleWeightsThatItsRowsLeaveInUse) {
  const TextGolden golden("plain");
  const Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kBFloat16});
  const TextConfig& c = model.config().text;
  const int64_t hidden = c.hidden_size, ple = c.hidden_size_per_layer_input, layers = c.num_hidden_layers;
  const int64_t projection = 2 * (layers * ple * hidden + ple);                // and its norm
  const int64_t branches = 2 * layers * (2 * ple * hidden + hidden + hidden);  // gate, back, scale, norm
  const int64_t rows = model.DecodeStepBytes(7, PleKind::kRows);
  EXPECT_EQ(model.DecodeStepBytes(7), rows);
  EXPECT_EQ(model.DecodeStepBytes(7, PleKind::kProjectionOnly), rows);
  EXPECT_EQ(model.DecodeStepBytes(7, PleKind::kFolded), rows - projection);
  EXPECT_EQ(model.DecodeStepBytes(7, PleKind::kBlockOff), rows - projection - branches);
}

TEST(Gemma3n, AStepSkipsWhatSparsitySkips) {
  const TextGolden golden("odd");
  const Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  const TextConfig& c = model.config().text;
  const int64_t keys = c.num_hidden_layers * 2 * c.num_key_value_heads * c.head_dim * 4;  // position 0
  double skipped = 0;
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    skipped += c.activation_sparsity_pattern[layer] * 2 * c.intermediate_size[layer] * c.hidden_size * 4;
  }
  const WeightBytes bytes = model.weight_bytes();
  const double dense = static_cast<double>(bytes.token_embedding + bytes.text_stack + keys);
  EXPECT_NEAR(static_cast<double>(model.DecodeStepBytes(0)), dense - skipped, c.num_hidden_layers);
}

// Published files hold k/v weights of the KV-sharing layers; files saved by transformers 5.x do not.
TEST(Gemma3n, UnusedKeyWeightsChangeNothing) {
  const TextGolden with("published");
  const testing::TemporaryFolder folder;
  std::filesystem::copy_file(with.checkpoint->directory() + "/config.json", folder / "config.json");
  const TextConfig& c = with.checkpoint->config().text;
  std::vector<TensorInfo> kept;
  for (const auto& [name, info] : with.checkpoint->tensors()) {
    const auto at = name.find("layers.");
    const bool shared = at != std::string::npos && c.is_kv_shared(std::stoll(name.substr(at + 7)));
    const bool makes_keys = name.find(".k_") != std::string::npos || name.find(".v_") != std::string::npos;
    if (!(shared && makes_keys)) kept.push_back(info);
  }
  ASSERT_EQ(kept.size() + 3 * c.num_kv_shared_layers, with.checkpoint->tensors().size());
  const std::vector<TensorInfo> sources = kept;
  std::string file = MakeSafetensorsHeader(kept, {});
  for (const TensorInfo& info : sources) {
    std::vector<std::byte> bytes(info.size_bytes);
    with.checkpoint->ReadRange(info, 0, bytes);
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  testing::WriteText(folder / "model.safetensors", file);

  const auto logits = [&](std::shared_ptr<const Checkpoint> checkpoint) {
    Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
    return PromptAndSteps(model, *Source(*checkpoint), with.ids());
  };
  const auto without = std::make_shared<const Checkpoint>(Checkpoint::Open(folder.path()));
  EXPECT_TRUE(logits(without).equal(logits(with.checkpoint)));
}

// A layer that runs once more, with keys of its own or with those of its first run.
TEST(Gemma3n, AStepReadsNoKeyWeightsWhereKeysAreShared) {
  const TextGolden golden("plain");
  Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kBFloat16});
  const TextConfig& c = model.config().text;
  LayerList list = model.layers();
  list.push_back(list[0]);
  list.back().kv_donor = std::ssize(list) - 1;
  model.UseLayers(list);
  const int64_t own = model.DecodeStepBytes(7);
  list.back().kv_donor = 0;
  model.UseLayers(list);
  const int64_t shared = model.DecodeStepBytes(7);
  EXPECT_EQ(own - shared, 2 * (2 * c.num_key_value_heads * c.head_dim * c.hidden_size + c.head_dim));
  const int64_t units = c.intermediate_size[0] / 2;
  list.back().ffn_width -= units;
  model.UseLayers(list);
  EXPECT_EQ(shared - model.DecodeStepBytes(7), 2 * 3 * units * c.hidden_size);
}

TEST(Gemma3n, RefusesIdsThatAreNoMatrix) {
  Gemma3nConfig config;
  config.text.vocab_size = 100;
  EXPECT_NO_THROW(CheckIds(torch::tensor({{0, 99}}), config));
  EXPECT_THROW(CheckIds(torch::tensor({1, 2}), config), RunError);
  EXPECT_THROW(CheckIds(torch::tensor({{1.0f}}), config), RunError);
  EXPECT_THROW(CheckIds(torch::zeros({1, 0}, torch::kInt64), config), RunError);
  try {
    CheckIds(torch::tensor({{1, 2, 3}, {4, 5, 100}}), config);
    FAIL() << "100 was accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("sequence 1, position 2 is 100, expected 0 to 99; does"));
  }
}

TEST(Gemma3n, ChunksHave512PositionsUnlessAskedOtherwise) {
  const TextGolden golden("plain");
  const Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  EXPECT_EQ(model.MakeKvCache(1, 600).chunk(), 512);
  EXPECT_EQ(model.MakeKvCache(1, 600, 1).chunk(), 1);
  EXPECT_EQ(model.MakeKvCache(1, 100).chunk(), 100);
}

// One sequence more than the decode step takes goes through the forward pass.
TEST(Gemma3n, AStepOfNineSequencesIsTheForwardPasss) {
  const TextGolden golden("odd");
  Gemma3n model = Gemma3n::Load(golden.checkpoint, {.dtype = DType::kFloat32});
  const auto ple = Source(*golden.checkpoint);
  const auto ids = torch::arange(2, 11).view({9, 1}).contiguous();
  KvCache kv = model.MakeKvCache(9, 4);
  const auto step = model.DecodeStep(Span(ids), kv, *ple->Begin(Span(ids)));
  const auto pass = model.Forward(ids, nullptr, *ple->Begin(Span(ids)), LogitsWanted::kLast);
  EXPECT_EQ(step.sizes().vec(), (std::vector<int64_t>{9, model.config().text.vocab_size}));
  EXPECT_LE(MaxAbs(step - pass.squeeze(1)), LogitTolerance(pass));
  EXPECT_EQ(kv.length(), 1);
}

TEST(Gemma3n, SoftTokensGoWithTheirPartOfAPrompt) {
  const SpecialTokens special{.image = 7, .audio = 8};
  const auto prompt = torch::tensor({7, 1, 8, 7, 7, 2, 8});
  const SoftTokens all{torch::arange(3).view({3, 1}), torch::arange(10, 12).view({2, 1})};
  const SoftTokens part = SoftTokensOf(all, prompt, 1, 4, special);
  EXPECT_TRUE(part.image.equal(torch::tensor({1}).view({1, 1})));
  EXPECT_TRUE(part.audio.equal(torch::tensor({10}).view({1, 1})));
  const SoftTokens rest = SoftTokensOf(all, prompt, 4, 6, special);
  EXPECT_TRUE(rest.image.equal(torch::tensor({2}).view({1, 1})));
  EXPECT_FALSE(rest.audio.defined());
  EXPECT_FALSE(SoftTokensOf({}, prompt, 0, 7, special).image.defined());
}

}  // namespace gemma3n_test
}  // namespace plelab
