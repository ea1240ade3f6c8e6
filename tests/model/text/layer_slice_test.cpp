// A slice that runs as a list of layers on the whole checkpoint equals the model that is cut out of it.
//
// Recipe: from a random checkpoint of 8 small layers another one is written, which keeps only the remaining
// layers, the first rows of gate and up, the first columns of down, and the parts of both PLE tensors that
// belong to the remaining layers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "model/text/layer_edit.h"
#include "model/weights/tensor_file.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/golden.h"

namespace plelab {
namespace layer_slice_test {

using testing::TemporaryFolder;
using Json = nlohmann::ordered_json;

constexpr int64_t kPrompt = 11, kSteps = 4;  // longer than the window of 4, in chunks of 8

std::string WholeConfig() {
  Json json = Json::parse(testing::TinyConfig());
  json["num_hidden_layers"] = 8;
  json["num_kv_shared_layers"] = 4;
  json["intermediate_size"] = {24, 24, 32, 32, 32, 32, 32, 32};
  json["activation_sparsity_pattern"] = {0.7, 0.7, 0, 0, 0, 0, 0, 0};
  const std::string s = "sliding_attention", f = "full_attention";
  json["layer_types"] = {s, f, s, f, s, f, s, f};
  return json.dump();
}

std::string SlicedConfig(const LayerList& layers, const TextConfig& config) {
  const TextConfig sliced = ConfigOf(layers, config);
  Json json = Json::parse(WholeConfig());
  json["num_hidden_layers"] = sliced.num_hidden_layers;
  json["num_kv_shared_layers"] = sliced.num_kv_shared_layers;
  json["intermediate_size"] = sliced.intermediate_size;
  json["activation_sparsity_pattern"] = sliced.activation_sparsity_pattern;
  json["layer_types"] = Json::array();
  for (const LayerType type : sliced.layer_types)
    json["layer_types"].push_back(type == LayerType::kFull ? "full_attention" : "sliding_attention");
  return json.dump();
}

// The parts of dimension `dim` that belong to the list's layers, in their order.
torch::Tensor PartsOf(const torch::Tensor& whole, int64_t dim, int64_t part, const LayerList& layers) {
  std::vector<torch::Tensor> parts;
  for (const LayerSpec& layer : layers) parts.push_back(whole.narrow(dim, layer.source_layer * part, part));
  return torch::cat(parts, dim).contiguous();
}

torch::Tensor CutFfn(const std::string& name, const torch::Tensor& whole, int64_t width) {
  if (name.ends_with("down_proj.weight")) return whole.narrow(1, 0, width).contiguous();
  const bool units = name.ends_with("gate_proj.weight") || name.ends_with("up_proj.weight");
  return units ? whole.narrow(0, 0, width).contiguous() : whole;
}

void WriteSlice(const TensorFile& whole, const LayerList& layers, const TextConfig& config,
                const std::string& folder) {
  const int64_t part = config.hidden_size_per_layer_input;
  std::vector<NamedTensor> tensors;
  for (const auto& [name, values] : whole.tensors) {
    if (name.find(".layers.") != std::string::npos) continue;
    if (name.ends_with("embed_tokens_per_layer.weight")) {
      tensors.push_back({name, PartsOf(values, 1, part, layers)});
    } else if (name.ends_with("per_layer_model_projection.weight")) {
      tensors.push_back({name, PartsOf(values, 0, part, layers)});
    } else {
      tensors.push_back({name, values});
    }
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = Format("model.layers.{}.", layers[i].source_layer);
    for (const auto& [name, values] : whole.tensors) {
      if (!name.starts_with(prefix)) continue;
      tensors.push_back({Format("model.layers.{}.{}", i, name.substr(prefix.size())),
                         CutFfn(name, values, layers[i].ffn_width)});
    }
  }
  WriteTensorFile(folder + "/model.safetensors", tensors, {{"weights", "random"}});
  testing::WriteText(folder + "/config.json", SlicedConfig(layers, config));
}

class LayerSlice : public ::testing::Test {
 protected:
  LayerSlice() {
    WriteRandomCheckpoint(WholeConfig(), whole_.path(), {.seed = 3, .dtype = DType::kFloat32});
    torch::manual_seed(2);
    ids_ = torch::randint(40, {1, kPrompt + kSteps}, torch::kInt64);
  }

  static std::shared_ptr<const Checkpoint> Open(const TemporaryFolder& folder) {
    return std::make_shared<const Checkpoint>(Checkpoint::Open(folder.path()));
  }

  // Logits of a full pass, followed by those of a prompt through the cache and of decode steps after it: [2 ·
  // T, vocab].
  torch::Tensor Logits(Gemma3n& model, const Checkpoint& checkpoint) const {
    const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint.ple_table());
    const auto span = [](const torch::Tensor& ids) {
      return std::span(ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel()));
    };
    std::vector<torch::Tensor> logits = {
        model.Forward(ids_, nullptr, *source->Begin(span(ids_)), LogitsWanted::kAll)[0]};
    KvCache kv = model.MakeKvCache(1, ids_.size(1), /*chunk=*/8);
    const torch::Tensor prompt = ids_.narrow(1, 0, kPrompt).contiguous();
    logits.push_back(model.Forward(prompt, &kv, *source->Begin(span(prompt)), LogitsWanted::kAll)[0]);
    for (int64_t t = kPrompt; t < ids_.size(1); ++t) {
      const torch::Tensor next = ids_.select(1, t).contiguous();
      logits.push_back(model.DecodeStep(span(next), kv, *source->Begin(span(next))));
    }
    return torch::cat(logits);
  }

  // Logits with the edit as a list, and with the edit as a checkpoint of its own.
  std::pair<torch::Tensor, torch::Tensor> BothWays(const LayerEdit& edit) {
    const auto checkpoint = Open(whole_);
    const TextConfig& config = checkpoint->config().text;
    const LayerList layers = EditLayers(edit, config);
    WriteSlice(ReadTensorFile(whole_ / "model.safetensors"), layers, config, slice_.path());
    Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
    const torch::Tensor before = Logits(model, *checkpoint);
    model.UseLayers(layers);
    const torch::Tensor as_list = Logits(model, *checkpoint);
    EXPECT_GT(MaxAbs(as_list - before), 0.01 * MaxAbs(before)) << "the edit changes nothing";
    model.UseLayers(DefaultLayers(config));
    EXPECT_TRUE(Logits(model, *checkpoint).equal(before)) << "an edit leaves something behind";
    const auto sliced = Open(slice_);
    Gemma3n cut = Gemma3n::Load(sliced, {.dtype = DType::kFloat32});
    EXPECT_EQ(cut.layers().size(), layers.size());
    return {as_list, Logits(cut, *sliced)};
  }

  TemporaryFolder whole_, slice_;
  torch::Tensor ids_;
};

TEST_F(LayerSlice, FewerLayersAreBitForBitTheModelWithoutThem) {
  const auto [as_list, as_checkpoint] = BothWays({.skip = {4, 5}});
  EXPECT_TRUE(as_list.equal(as_checkpoint));
}

TEST_F(LayerSlice, AMatFormerSliceIsTheModelCutOutOfTheCheckpoint) {
  const auto [as_list, as_checkpoint] = BothWays({.skip = {4, 5}, .ffn = {{.share = 0.5}}});
  EXPECT_LE(MaxAbs(as_list - as_checkpoint), LogitTolerance(as_checkpoint));
}

TEST_F(LayerSlice, AnyPointBetweenIsAModelToo) {
  const auto [as_list, as_checkpoint] = BothWays(
      {.skip = {1, 5, 6}, .ffn = {{}, {}, {.units = 20}, {.share = 0.25}, {}, {}, {}, {.units = 17}}});
  EXPECT_LE(MaxAbs(as_list - as_checkpoint), LogitTolerance(as_checkpoint));
}

TEST_F(LayerSlice, ACacheOfAnotherListIsRefused) {
  const auto checkpoint = Open(whole_);
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
  KvCache kv = model.MakeKvCache(1, 16);
  model.UseLayers(EditLayers({.skip = {5}}, checkpoint->config().text));
  const std::vector<int64_t> id = {7};
  EXPECT_THROW(model.DecodeStep(id, kv, *source->Begin(id)), RunError);
  EXPECT_THROW(model.Forward(torch::tensor({{7}}), &kv, *source->Begin(id), LogitsWanted::kLast), RunError);
  EXPECT_EQ(kv.length(), 0);
  LayerList broken = model.layers();
  broken[0].kv_donor = 3;
  EXPECT_THROW(model.UseLayers(broken), UserError);
}

}  // namespace layer_slice_test
}  // namespace plelab
