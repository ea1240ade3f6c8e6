#include "model/catalog/synth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "model/base/error.h"
#include "model/base/half_floats.h"
#include "model/catalog/load_weights.h"
#include "model/catalog/text_weights.h"
#include "model/catalog/weight_catalog.h"
#include "model/checkpoint/checkpoint.h"
#include "model/weights/random_tensor.h"
#include "tests/support/checkpoint_files.h"

namespace plelab {
namespace synth_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::TinyConfig;
using testing::WriteText;

std::string ErrorOf(const std::string& directory, const SynthOptions& options) {
  try {
    WriteRandomCheckpoint(TinyConfig(), directory, options);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Synth, EveryTensorIsTheFunctionOfItsNameUnusedKvIncluded) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.seed = 11;
  const int64_t bytes = WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  EXPECT_TRUE(TensorProblems(checkpoint, {}).empty());
  EXPECT_EQ(checkpoint.weights_label(), "random");
  int64_t total = 0;
  for (const TensorSpec& spec : PublishedTensors(checkpoint.config())) {
    const TensorInfo* info = checkpoint.Find(spec.name);
    ASSERT_NE(info, nullptr) << spec.name;
    EXPECT_EQ(info->dtype, DType::kBFloat16);
    std::vector<uint16_t> stored(spec.elements()), drawn(spec.elements());
    checkpoint.ReadRange(*info, 0, std::as_writable_bytes(std::span(stored)));
    RandomTensor(11, spec).FillBFloat16(0, drawn);
    EXPECT_EQ(stored, drawn) << spec.name;
    total += info->size_bytes;
  }
  EXPECT_EQ(bytes, total);
  EXPECT_NE(checkpoint.Find("model.layers.2.self_attn.k_proj.weight"), nullptr);  // layer 2 shares keys
}

TEST(Synth, ShardsAreTheSameTensorsInMoreFiles) {
  const TemporaryFolder one, many;
  SynthOptions options;
  WriteRandomCheckpoint(TinyConfig(), one.path(), options);
  options.max_shard_bytes = 1500;
  WriteRandomCheckpoint(TinyConfig(), many.path(), options);
  EXPECT_FALSE(fs::exists(many / "model.safetensors"));
  const Checkpoint a = Checkpoint::Open(one.path()), b = Checkpoint::Open(many.path());
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const auto& [name, info] : a.tensors()) {
    std::vector<std::byte> left(info.size_bytes), right(info.size_bytes);
    a.ReadRange(info, 0, left);
    b.ReadRange(*b.Find(name), 0, right);
    EXPECT_EQ(left, right) << name;
  }
}

TEST(Synth, TheSameSeedWritesTheSameBytes) {
  const TemporaryFolder first, second, other;
  SynthOptions options;
  WriteRandomCheckpoint(TinyConfig(), first.path(), options);
  WriteRandomCheckpoint(TinyConfig(), second.path(), options);
  options.seed = 1;
  WriteRandomCheckpoint(TinyConfig(), other.path(), options);
  EXPECT_EQ(ReadText(first / "model.safetensors"), ReadText(second / "model.safetensors"));
  EXPECT_NE(ReadText(first / "model.safetensors"), ReadText(other / "model.safetensors"));
}

TEST(Synth, RefusesWhatExistsUnlessForcedAndThenLeavesNothingOld) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.max_shard_bytes = 1500;
  EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
  EXPECT_THAT(ErrorOf(folder.path(), options),
              HasSubstr("exists; name another folder with --out, or replace"));
  options.force = true;
  options.max_shard_bytes = 1 << 30;
  WriteText(folder / "notes.txt", "mine");
  EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
  EXPECT_FALSE(fs::exists(folder / "model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(folder / "model-00001-of-00008.safetensors"));
  EXPECT_TRUE(fs::exists(folder / "model.safetensors"));
  EXPECT_EQ(ReadText(folder / "notes.txt"), "mine");
}

TEST(Synth, AFailedWriteLeavesNoFileUnderItsName) {
  const TemporaryFolder folder;
  SynthOptions options;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{1000, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_THROW(WriteRandomCheckpoint(TinyConfig(), folder.path(), options), RunError);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "config.json"));
}

TEST(Synth, CopiesTheVocabularyAlong) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.companions = {"configs/models/small/tokenizer.model"};
  options.dtype = DType::kFloat32;
  WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  EXPECT_EQ(ReadText(folder / "tokenizer.model"), ReadText(options.companions[0]));
  EXPECT_EQ(Checkpoint::Open(folder.path()).Find("model.norm.weight")->dtype, DType::kFloat32);
  options.dtype = DType::kInt8;
  EXPECT_THAT(ErrorOf(folder.path(), options), HasSubstr("expected bfloat16, float32 or float16"));
}

TEST(Synth, AForeignFileOfACheckpointIsNamedAndSurvives) {
  const TemporaryFolder shape;
  WriteText(shape / "tokenizer.json", "the shape's");
  SynthOptions options;
  options.companions = {shape / "tokenizer.json"};
  for (const std::string name :
       {"tokenizer.model", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json",
        "processor_config.json", "generation_config.json", "chat_template.jinja", "chat_template.json"}) {
    const TemporaryFolder folder;
    WriteText(folder / name, "mine");
    EXPECT_THAT(ErrorOf(folder.path(), options), HasSubstr("/" + name + ": exists; name another folder"));
    EXPECT_EQ(ReadText(folder / name), "mine");
    EXPECT_FALSE(fs::exists(folder / "model.safetensors")) << name;
  }
}

TEST(Synth, ForcedTwiceItReplacesTheVocabularyToo) {
  const TemporaryFolder shape, folder;
  WriteText(shape / "tokenizer.json", "the shape's");
  WriteText(shape / "tokenizer_config.json", "{}");
  WriteText(folder / "tokenizer.json", "old");
  SynthOptions options;
  options.force = true;
  options.companions = {shape / "tokenizer.json", shape / "tokenizer_config.json"};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
    EXPECT_EQ(ReadText(folder / "tokenizer.json"), "the shape's");
    EXPECT_EQ(ReadText(folder / "tokenizer_config.json"), "{}");
  }
  options.companions = {"configs/models/small/tokenizer.model"};
  EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
  EXPECT_TRUE(fs::exists(folder / "tokenizer.model"));
  EXPECT_FALSE(fs::exists(folder / "tokenizer.json")) << "it would be read with the new vocabulary";
  EXPECT_FALSE(fs::exists(folder / "tokenizer_config.json"));
}

// As with a shape's file in the folder that its checkpoint goes to.
TEST(Synth, ACompanionThatIsThereAlreadyStays) {
  const TemporaryFolder folder;
  WriteText(folder / "tokenizer.json", "mine");
  SynthOptions options;
  options.companions = {folder / "tokenizer.json"};
  EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
  options.force = true;
  EXPECT_EQ(ErrorOf(folder.path(), options), "no error");
  EXPECT_EQ(ReadText(folder / "tokenizer.json"), "mine");
  options.companions.push_back(folder / "missing/tokenizer_config.json");
  EXPECT_THAT(ErrorOf(folder.path(), options), HasSubstr("tokenizer_config.json"));
  EXPECT_EQ(ReadText(folder / "tokenizer.json"), "mine");
}

TEST(Synth, ReportsProgressUpToTheEnd) {
  const TemporaryFolder folder;
  SynthOptions options;
  std::vector<int64_t> done;
  options.progress = [&](int64_t bytes, int64_t total) {
    done.push_back(bytes);
    EXPECT_LE(bytes, total);
  };
  const int64_t total = WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  ASSERT_FALSE(done.empty());
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), total);
}

TEST(Synth, RandomTextWeightsAreTheTextOnlyCheckpointsOwn) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.seed = 5;
  options.dtype = DType::kFloat32;
  WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  LoadOptions load;
  load.dtype = DType::kFloat32;
  load.ple_table = true;
  const TextWeights loaded = LoadTextWeights(checkpoint, load);
  const TextWeights drawn = RandomTextWeights(checkpoint.config().text, 5, DType::kFloat32);
  EXPECT_TRUE(torch::equal(loaded.embed_tokens_per_layer, drawn.embed_tokens_per_layer));
  EXPECT_TRUE(torch::equal(loaded.layers[0].mlp.down_proj.values, drawn.layers[0].mlp.down_proj.values));
  EXPECT_TRUE(
      torch::equal(loaded.layers[2].altup.correct_output_scale, drawn.layers[2].altup.correct_output_scale));
  EXPECT_FALSE(drawn.layers[2].self_attn.k_proj.values.defined());
}

TEST(Synth, AShardEndsBeforeItsLimit) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.max_shard_bytes = 1500;
  const int64_t total = WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  const auto index = nlohmann::json::parse(ReadText(folder / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], total);
  std::map<std::string, int64_t> filled;            // bytes of each shard
  std::map<std::string, std::string> first, after;  // its first tensor, and the first of the next
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  std::string before;
  for (const auto& [name, info] : checkpoint.tensors()) {  // in the order of their names
    const std::string shard = index["weight_map"][name];
    if (shard != before) {
      first[shard] = name;
      if (!before.empty()) after[before] = name;
    }
    filled[shard] += info.size_bytes;
    before = shard;
  }
  const std::string last = Format("-of-{:05}.safetensors", filled.size());
  EXPECT_TRUE(filled.contains("model-00001" + last) && before.ends_with(last)) << before;
  for (const auto& [shard, bytes] : filled) {
    const bool is_one_tensor = bytes == checkpoint.Find(first[shard])->size_bytes;
    EXPECT_TRUE(bytes <= 1500 || is_one_tensor) << shard;
    if (after.contains(shard)) {
      EXPECT_GT(bytes + checkpoint.Find(after[shard])->size_bytes, 1500) << shard;
    }
  }
}

// More elements than are drawn at once.
TEST(Synth, ALargeTensorIsTheFunctionOfItsNameToo) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.seed = 3;
  std::vector<int64_t> done;
  options.progress = [&](int64_t bytes, int64_t) { done.push_back(bytes); };
  const std::string json = testing::Replaced(TinyConfig(), "\"vocab_size\": 40", "\"vocab_size\": 140000");
  const int64_t total = WriteRandomCheckpoint(json, folder.path(), options);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const TensorInfo& info = *checkpoint.Find("model.embed_tokens.weight");
  std::vector<uint16_t> stored(140'000 * 16), drawn(140'000 * 16);
  checkpoint.ReadRange(info, 0, std::as_writable_bytes(std::span(stored)));
  RandomTensor(3, MakeSpec(info.name, info.shape, ParameterGroup::kTokenEmbedding)).FillBFloat16(0, drawn);
  EXPECT_TRUE(stored == drawn);
  EXPECT_GE(done.size(), 2u) << "a report for 64 Mi elements or 32 chunks at most";
  EXPECT_EQ(done.back(), total);
}

TEST(Synth, Float16IsTheFloat32ValueRounded) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.dtype = DType::kFloat16;
  WriteRandomCheckpoint(TinyConfig(), folder.path(), options);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const TensorInfo& info = *checkpoint.Find("model.layers.1.mlp.up_proj.weight");
  EXPECT_EQ(info.dtype, DType::kFloat16);
  std::vector<uint16_t> stored(24 * 16);
  std::vector<float> drawn(24 * 16);
  checkpoint.ReadRange(info, 0, std::as_writable_bytes(std::span(stored)));
  RandomTensor(0, MakeSpec(info.name, info.shape, ParameterGroup::kTextStack)).Fill(0, drawn);
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_EQ(stored[i], ToFloat16(drawn[i])) << i;
}

TEST(Synth, AFailureTakesTheFolderThatItMadeAway) {
  const TemporaryFolder folder;
  SynthOptions options;
  options.companions = {folder / "missing/tokenizer.json"};
  EXPECT_THAT(ErrorOf(folder / "new", options), HasSubstr("missing/tokenizer.json"));
  EXPECT_FALSE(fs::exists(folder / "new"));
  fs::create_directory(folder / "old");
  EXPECT_THAT(ErrorOf(folder / "old", options), HasSubstr("missing/tokenizer.json"));
  EXPECT_TRUE(fs::is_empty(folder / "old"));
  WriteText(folder / "file", "mine");
  EXPECT_THAT(ErrorOf(folder / "file", {}), HasSubstr("expected a directory to write to"));
}

TEST(Synth, TheConfigSaysWhatWasWritten) {
  EXPECT_EQ(ConfigJsonWithDType(R"({"b": 1, "dtype": "float16", "a": [2]})", DType::kBFloat16),
            "{\n  \"b\": 1,\n  \"a\": [\n    2\n  ],\n  \"torch_dtype\": \"bfloat16\"\n}\n");
  EXPECT_EQ(UntiedConfigJson(R"({"b": 1})"), "{\n  \"b\": 1,\n  \"tie_word_embeddings\": false\n}\n");
}

}  // namespace synth_test
}  // namespace plelab
