#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "model/base/error.h"
#include "model/catalog/load_weights.h"
#include "model/catalog/text_weight_list.h"
#include "model/weights/arena.h"
#include "tests/support/checkpoint_files.h"

namespace plelab {
namespace weights_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::TinyConfig;
using testing::WriteText;

// Values for tensor number n: small numbers that every type holds exactly, different everywhere.
torch::Tensor Pattern(const TensorSpec& spec, int64_t n) {
  return ((torch::arange(spec.elements()) * 7 + n * 13) % 251 - 125)
      .to(torch::kFloat32)
      .div_(64)
      .view(spec.shape);
}

torch::ScalarType StoredAs(DType dtype) {
  return dtype == DType::kFloat32   ? torch::kFloat32
         : dtype == DType::kFloat16 ? torch::kFloat16
                                    : torch::kBFloat16;
}

// Writes a tiny checkpoint of patterns with the tensors that `wanted` selects.
void WritePatterns(const TemporaryFolder& folder, DType dtype,
                   const std::function<bool(const TensorSpec&)>& wanted) {
  const TextConfig config = ParseConfig(TinyConfig(), "").text;
  TextWeights weights = EmptyTextWeights(config);
  std::vector<TensorInfo> infos;
  std::string data;
  int64_t n = 0;
  ForEachTensor("model.", config, weights, [&](const TensorSpec& spec, auto&) {
    const torch::Tensor values = Pattern(spec, n++).to(StoredAs(dtype)).contiguous();
    if (!wanted(spec)) return;
    infos.push_back({spec.name, dtype, spec.shape, "", 0, 0});
    data.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
  });
  WriteText(folder / "config.json", TinyConfig());
  WriteText(folder / "model.safetensors", MakeSafetensorsHeader(infos, {{"weights", "trained"}}) + data);
}

bool Everything(const TensorSpec&) { return true; }
bool WithoutUnusedKv(const TensorSpec& spec) { return spec.group != ParameterGroup::kUnusedKv; }

LoadOptions As(DType dtype) {
  LoadOptions options;
  options.dtype = dtype;
  return options;
}

const torch::Tensor& ValuesOf(const torch::Tensor& field) { return field; }
const torch::Tensor& ValuesOf(const LinearWeight& field) { return field.values; }

// Checks that every loaded tensor equals its pattern, is aligned and has the right type.  Returns the names
// of the undefined ones.
std::vector<std::string> CheckPatterns(TextWeights& weights, const TextConfig& config,
                                       torch::ScalarType type) {
  std::vector<std::string> undefined;
  int64_t n = 0;
  ForEachTensor("", config, weights, [&](const TensorSpec& spec, auto& field) {
    const torch::Tensor expected = Pattern(spec, n++);
    torch::Tensor values = ValuesOf(field);
    if (!values.defined()) return undefined.push_back(spec.name);
    EXPECT_TRUE(values.is_contiguous()) << spec.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data_ptr()) % Arena::kAlignment, 0u) << spec.name;
    EXPECT_EQ(values.scalar_type(), type) << spec.name;
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, LinearWeight>) {
      EXPECT_EQ(field.out, spec.shape[0]);
      EXPECT_EQ(field.in, spec.shape[1]);
      EXPECT_EQ(field.format, type == torch::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16);
      if (field.layout == WeightLayout::kTransposed) values = values.t();
    }
    EXPECT_TRUE(torch::equal(values.to(torch::kFloat32), expected)) << spec.name;
  });
  return undefined;
}

TEST(Weights, EveryStoredTypeIsReadIntoEveryComputeType) {
  for (const DType stored : {DType::kFloat32, DType::kBFloat16, DType::kFloat16}) {
    const TemporaryFolder folder;
    WritePatterns(folder, stored, Everything);
    const Checkpoint checkpoint = Checkpoint::Open(folder.path());
    for (const DType wanted : {DType::kFloat32, DType::kBFloat16}) {
      TextWeights weights = LoadTextWeights(checkpoint, As(wanted));
      const auto undefined = CheckPatterns(weights, checkpoint.config().text, StoredAs(wanted));
      EXPECT_THAT(undefined, ::testing::ElementsAre(
                                 "embed_tokens_per_layer.weight", "layers.2.self_attn.k_proj.weight",
                                 "layers.2.self_attn.v_proj.weight", "layers.2.self_attn.k_norm.weight"));
    }
  }
}

TEST(Weights, UnusedKvMayBeAbsentOrPresentAndIsNeverRead) {
  const TemporaryFolder with, without;
  WritePatterns(with, DType::kBFloat16, Everything);
  WritePatterns(without, DType::kBFloat16, WithoutUnusedKv);
  int64_t expected = 0;
  for (const TemporaryFolder* folder : {&with, &without}) {
    const Checkpoint checkpoint = Checkpoint::Open(folder->path());
    TextWeights weights = LoadTextWeights(checkpoint, As(DType::kBFloat16));
    EXPECT_EQ(CheckPatterns(weights, checkpoint.config().text, torch::kBFloat16).size(), 4u);
    EXPECT_EQ(checkpoint.weights_label(), "trained");
    if (expected == 0) expected = checkpoint.weight_bytes_read();
    EXPECT_EQ(checkpoint.weight_bytes_read(), expected);
  }
}

TEST(Weights, OnlySparseLayersKeepDownProjTransposed) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kBFloat16, Everything);
  const TextWeights weights = LoadTextWeights(Checkpoint::Open(folder.path()), As(DType::kBFloat16));
  EXPECT_EQ(weights.layers[0].mlp.down_proj.layout, WeightLayout::kTransposed);
  EXPECT_EQ(weights.layers[0].mlp.down_proj.values.sizes(), (std::vector<int64_t>{24, 16}));
  EXPECT_EQ(weights.layers[1].mlp.down_proj.layout, WeightLayout::kRowMajor);
  EXPECT_EQ(weights.layers[1].mlp.down_proj.values.sizes(), (std::vector<int64_t>{16, 24}));
}

TEST(Weights, ThePleTableIsReadWhenAsked) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kBFloat16, Everything);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  LoadOptions options = As(DType::kFloat32);
  options.ple_table = true;
  TextWeights weights = LoadTextWeights(checkpoint, options);
  EXPECT_EQ(CheckPatterns(weights, checkpoint.config().text, torch::kFloat32).size(), 3u);
  EXPECT_EQ(weights.embed_tokens_per_layer.sizes(), (std::vector<int64_t>{32, 12}));
}

TEST(Weights, OutliveTheirCheckpointAndReportProgress) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kFloat32, Everything);
  LoadOptions options = As(DType::kBFloat16);
  int64_t last = 0, total = 0;
  options.progress = [&](int64_t done, int64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  };
  // Every other tensor is freed.
  torch::Tensor norm = LoadTextWeights(Checkpoint::Open(folder.path()), options).norm;
  EXPECT_EQ(norm.numel(), 16);
  EXPECT_TRUE(torch::isfinite(norm).all().item<bool>());
  EXPECT_GT(total, 0);
  EXPECT_EQ(last, total);
}

TEST(Weights, WhatDoesNotFitIsRefusedBeforeAnyByteIsRead) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kFloat32, [](const TensorSpec& spec) {
    return spec.name != "model.norm.weight" && spec.name != "model.layers.1.mlp.up_proj.weight";
  });
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  try {
    LoadTextWeights(checkpoint, As(DType::kFloat32));
    FAIL() << "expected an error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("2 tensors"), HasSubstr("'model.norm.weight': missing, expected [16]"),
                      HasSubstr("'model.layers.1.mlp.up_proj.weight': missing, expected [24, 16]")));
  }
  EXPECT_EQ(checkpoint.weight_bytes_read(), 0);
  EXPECT_THROW(LoadTextWeights(checkpoint, As(DType::kFloat16)), UserError);
  EXPECT_THROW(LoadVisionEmbedder(checkpoint, As(DType::kFloat32)), UserError);
}

// The tensors are larger than a piece but not a whole number of pieces, with rows that are not a whole number
// of blocks.
TEST(Weights, LargeTensorsArriveWholeInEveryLayout) {
  std::string json = TinyConfig();
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"\"hidden_size\": 16", "\"hidden_size\": 130"},
        {"[24, 24, 32]", "[20001, 20001, 32]"}}) {
    json = testing::Replaced(json, from, to);
  }
  const TemporaryFolder folder;
  const TextConfig config = ParseConfig(json, "").text;
  TextWeights field = EmptyTextWeights(config);
  std::vector<TensorInfo> infos;
  std::string data;
  ForEachTensor("model.", config, field, [&](const TensorSpec& spec, auto&) {
    infos.push_back({spec.name, DType::kFloat32, spec.shape, "", 0, 0});
    std::vector<float> values(spec.elements(), 0.5f);
    if (spec.name.find("mlp.down_proj") != std::string::npos) {
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 4093);
    }
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  });
  WriteText(folder / "config.json", json);
  WriteText(folder / "model.safetensors", MakeSafetensorsHeader(infos, {}) + data);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const torch::Tensor expected = (torch::arange(130 * 20001) % 4093).to(torch::kFloat32).view({130, 20001});
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const TextWeights weights = LoadTextWeights(checkpoint, As(dtype));
    const torch::Tensor rounded = expected.to(StoredAs(dtype));
    EXPECT_TRUE(torch::equal(weights.layers[0].mlp.down_proj.values.t(), rounded));
    EXPECT_TRUE(torch::equal(weights.layers[1].mlp.down_proj.values, rounded));
  }
}

// Saved by the reference (tests/data/text/mixed, scripts/reference/make_text_goldens.py), with multimodal
// names but without towers.
TEST(Weights, EmbeddersOfAMultimodalCheckpointLoadWithoutTowers) {
  const Checkpoint checkpoint = Checkpoint::Open("tests/data/text/mixed");
  const EmbedderWeights vision = LoadVisionEmbedder(checkpoint, As(DType::kFloat32));
  const EmbedderWeights audio = LoadAudioEmbedder(checkpoint, As(DType::kBFloat16));
  EXPECT_EQ(vision.embedding.sizes(), (std::vector<int64_t>{16, 2048}));
  EXPECT_EQ(vision.embedding_projection.values.sizes(), (std::vector<int64_t>{48, 2048}));
  EXPECT_EQ(audio.embedding.sizes(), (std::vector<int64_t>{16, 32}));
  EXPECT_EQ(audio.hard_embedding_norm.scalar_type(), torch::kBFloat16);
  const TextWeights text = LoadTextWeights(checkpoint, As(DType::kFloat32));
  EXPECT_EQ(text.layers.size(), 4u);
}

TEST(Weights, ArenaHandsOutAlignedTensorsUntilItIsFull) {
  const auto arena = Arena::Create(3 * Arena::kAlignment);
  const torch::Tensor a = arena->Allocate({3}, torch::kFloat32);
  const torch::Tensor b = arena->Allocate({5, 5}, torch::kBFloat16);
  EXPECT_EQ(static_cast<char*>(b.data_ptr()) - static_cast<char*>(a.data_ptr()), Arena::kAlignment);
  EXPECT_TRUE(torch::equal(a, torch::zeros({3})));
  EXPECT_EQ(arena->Allocate({16}, torch::kFloat32).numel(), 16);
  EXPECT_THROW(arena->Allocate({1}, torch::kFloat32), RunError);
}

TEST(Weights, ATextOnlyCheckpointHasNothingElse) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kFloat32, Everything);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const auto error = [&](const auto& load) -> std::string {
    try {
      load(checkpoint, As(DType::kFloat32));
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  const auto with = [&](const char* lacks) { return checkpoint.directory() + ": " + lacks; };
  EXPECT_EQ(error(LoadVisionEmbedder), with("a text-only checkpoint has no vision embedder"));
  EXPECT_EQ(error(LoadAudioEmbedder), with("a text-only checkpoint has no audio embedder"));
  EXPECT_EQ(error(LoadVisionTower),
            with("expected a multimodal checkpoint, found one without a vision tower"));
  EXPECT_EQ(error(LoadAudioTower),
            with("expected a multimodal checkpoint, found one without an audio tower"));
}

TEST(Weights, ProgressCountsTheBytesThatAreRead) {
  const TemporaryFolder folder;
  WritePatterns(folder, DType::kFloat32, Everything);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  LoadOptions options = As(DType::kFloat32);
  std::vector<int64_t> done;
  int64_t total = 0;
  options.progress = [&](int64_t bytes, int64_t all) {
    done.push_back(bytes);
    total = all;
  };
  LoadTextWeights(checkpoint, options);
  EXPECT_EQ(total, checkpoint.weight_bytes_read());
  EXPECT_EQ(done.back(), total);
  EXPECT_EQ(done.front(), 40 * 16 * 4) << "the embedding is first";
}

}  // namespace weights_test
}  // namespace plelab
