#include "model/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "model/base/error.h"
#include "model/base/format.h"
#include "model/catalog/parameter_count.h"
#include "model/catalog/synth.h"
#include "model/catalog/weight_catalog.h"
#include "tests/support/checkpoint_files.h"

namespace plelab {
namespace checkpoint_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ReadText;
using testing::Replaced;
using testing::SafetensorsFile;
using testing::TemporaryFolder;
using testing::TinyConfig;
using testing::WriteText;

// A random tiny checkpoint in shards of about 2 kB, for tests to damage.
class ShardedCheckpoint : public ::testing::Test {
 protected:
  ShardedCheckpoint() { WriteRandomCheckpoint(TinyConfig(), path(), Options()); }
  static SynthOptions Options() {
    SynthOptions options;
    options.max_shard_bytes = 2000;
    return options;
  }
  const std::string& path() const { return folder_.path(); }
  std::string index_path() const { return folder_ / "model.safetensors.index.json"; }
  nlohmann::json ReadIndex() const { return nlohmann::json::parse(ReadText(index_path())); }
  void WriteIndex(const nlohmann::json& index) const { WriteText(index_path(), index.dump()); }
  std::string ErrorOfOpen() const {
    try {
      Checkpoint::Open(path());
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }
  // The n-th file that the index names.
  std::string Shard(size_t n) const {
    std::set<std::string> shards;
    const nlohmann::json index = ReadIndex();
    for (const auto& file : index["weight_map"]) shards.insert(file);
    return *std::next(shards.begin(), static_cast<int64_t>(n));
  }
  TemporaryFolder folder_;
};

TEST_F(ShardedCheckpoint, OpensEveryShard) {
  const Checkpoint checkpoint = Checkpoint::Open(path());
  EXPECT_EQ(checkpoint.tensors().size(), PublishedTensors(checkpoint.config()).size());
  EXPECT_EQ(checkpoint.weights_label(), "random");
  EXPECT_EQ(checkpoint.weight_bytes_read(), 0);
  EXPECT_TRUE(TensorProblems(checkpoint, {}).empty());
}

TEST_F(ShardedCheckpoint, AMissingShardIsNamed) {
  fs::remove(folder_ / Shard(1));
  EXPECT_THAT(ErrorOfOpen(), AllOf(HasSubstr(Shard(1)), HasSubstr("is missing")));
}

TEST_F(ShardedCheckpoint, AnIndexThatDisagreesListsEveryTensor) {
  auto index = ReadIndex();
  const std::string shard = index["weight_map"]["model.norm.weight"];
  index["weight_map"].erase("model.norm.weight");
  index["weight_map"]["model.invented.weight"] = shard;
  WriteIndex(index);
  EXPECT_THAT(ErrorOfOpen(),
              AllOf(HasSubstr("about 2 tensors"), HasSubstr("'model.invented.weight' is not in " + shard),
                    HasSubstr("'model.norm.weight' of " + shard + " is not in the index")));
}

TEST_F(ShardedCheckpoint, AnIndexCannotLeadOutOfTheDirectory) {
  for (const char* name : {"../x.safetensors", "/etc/passwd", "..", ""}) {
    auto index = ReadIndex();
    index["weight_map"]["model.norm.weight"] = name;
    WriteIndex(index);
    EXPECT_THAT(ErrorOfOpen(), HasSubstr("expected the name of a file beside the index")) << name;
  }
  WriteText(index_path(), "{}");
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("'weight_map' is missing"));
}

TEST_F(ShardedCheckpoint, ATensorInTwoShardsIsNamed) {
  fs::copy(folder_ / Shard(0), folder_ / "again.safetensors");
  auto index = ReadIndex();
  index["weight_map"]["more"] = "again.safetensors";
  WriteIndex(index);
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("is also in"));
}

TEST_F(ShardedCheckpoint, ReadsTheBytesItSaysItReads) {
  const Checkpoint checkpoint = Checkpoint::Open(path());
  const TensorInfo& info = *checkpoint.Find("model.embed_tokens.weight");
  std::vector<std::byte> whole(info.size_bytes), part(32);
  checkpoint.ReadRange(info, 0, whole);
  checkpoint.ReadRange(info, 64, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 64));
  const std::string file = ReadText(info.file);
  EXPECT_EQ(std::memcmp(file.data() + info.offset_bytes, whole.data(), whole.size()), 0);
  EXPECT_EQ(checkpoint.weight_bytes_read(), info.size_bytes + 32);
  EXPECT_THROW(checkpoint.ReadRange(info, info.size_bytes - 16, part), RunError);
}

TEST_F(ShardedCheckpoint, AFileThatShrinksWhileOpenFailsWithItsPlace) {
  const Checkpoint checkpoint = Checkpoint::Open(path());
  const TensorInfo& info = *checkpoint.Find("model.embed_tokens.weight");
  fs::resize_file(info.file, info.offset_bytes + 10);
  std::vector<std::byte> whole(info.size_bytes);
  try {
    checkpoint.ReadRange(info, 0, whole);
    FAIL() << "expected an error";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(info.file), HasSubstr("found 10")));
  }
}

TEST_F(ShardedCheckpoint, PleTableLiesInTheShardOneRowPerToken) {
  const Checkpoint checkpoint = Checkpoint::Open(path());
  const PleTable table = checkpoint.ple_table();
  const TensorInfo& info = *checkpoint.Find("model.embed_tokens_per_layer.weight");
  EXPECT_EQ(table.path, info.file);
  EXPECT_EQ(table.offset_bytes, info.offset_bytes);
  EXPECT_EQ(table.geometry.row_bytes(), 3 * 4 * 2);
  EXPECT_EQ(table.geometry.table_bytes(), info.size_bytes);
}

TEST_F(ShardedCheckpoint, FingerprintFollowsConfigAndHeaders) {
  const std::string before = Checkpoint::Open(path()).fingerprint();
  EXPECT_EQ(before.size(), 64u);
  EXPECT_EQ(Checkpoint::Open(path()).fingerprint(), before);
  WriteText(folder_ / "config.json",
            Replaced(TinyConfig(), "\"sliding_window\": 4", "\"sliding_window\": 5"));
  EXPECT_NE(Checkpoint::Open(path()).fingerprint(), before);
}

TEST_F(ShardedCheckpoint, WrongShapesAreListedAllAtOnce) {
  WriteText(folder_ / "config.json", Replaced(TinyConfig(), "\"laurel_rank\": 2", "\"laurel_rank\": 3"));
  const Checkpoint checkpoint = Checkpoint::Open(path());
  EXPECT_EQ(TensorProblems(checkpoint, {}).size(), 6u);  // left and right in each of three layers
  try {
    VerifyTensors(checkpoint, {});
    FAIL() << "expected an error";
  } catch (const UserError& error) {
    for (const char* layer : {"0", "1", "2"}) {
      EXPECT_THAT(error.what(), HasSubstr("'model.layers." + std::string(layer) +
                                          ".laurel.linear_left.weight': expected [3, 16], found [2, 16]"));
    }
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path()), HasSubstr("6 tensors"), Not(HasSubstr("\n"))));
  }
}

// Writes a checkpoint of zeros.  change(tensors) may alter what the tiny shape has.
template <class F>
void WriteZeros(const TemporaryFolder& folder, F change) {
  WriteText(folder / "config.json", TinyConfig());
  std::vector<TensorInfo> tensors;
  for (const TensorSpec& spec : PublishedTensors(ParseConfig(TinyConfig(), ""))) {
    tensors.push_back({spec.name, DType::kFloat32, spec.shape, "", 0, 0});
  }
  change(tensors);
  int64_t bytes = 0;
  const std::string header = MakeSafetensorsHeader(tensors, {});
  for (const TensorInfo& tensor : tensors) bytes += tensor.size_bytes;
  WriteText(folder / "model.safetensors", header + std::string(bytes, '\0'));
}

TEST(Checkpoint, MissingAndExtraTensorsAreListedTogether) {
  const TemporaryFolder folder;
  WriteZeros(folder, [](std::vector<TensorInfo>& tensors) {
    std::erase_if(tensors, [](const TensorInfo& tensor) { return tensor.name == "model.norm.weight"; });
    tensors.push_back({"model.surprise", DType::kFloat32, {1}, "", 0, 0});
    // A copy of the token embedding: accepted, but not loaded.
    tensors.push_back({"lm_head.weight", DType::kFloat32, {40, 16}, "", 0, 0});
  });
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  EXPECT_EQ(checkpoint.weights_label(), "unlabelled");
  EXPECT_THAT(TensorProblems(checkpoint, {}),
              ::testing::UnorderedElementsAre("'model.norm.weight': missing, expected [16]",
                                              "'model.surprise': unknown, found [1]"));
}

// What was quantised is refused before anything is loaded, with every tensor that is not a float.
TEST(Checkpoint, OpensOnlyFloats) {
  const auto error = [](const TemporaryFolder& folder) -> std::string {
    try {
      Checkpoint::Open(folder.path());
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  const TemporaryFolder folder;
  WriteZeros(folder, [](std::vector<TensorInfo>& tensors) {
    tensors[0].dtype = DType::kInt8;
    tensors[1].dtype = DType::kFloat16;
    tensors[2].dtype = DType::kUInt8;
    tensors[3].dtype = DType::kBFloat16;
  });
  EXPECT_THAT(error(folder), AllOf(HasSubstr("2 tensors are in formats that are not read"),
                                   HasSubstr("'model.embed_tokens.weight' (I8)"), HasSubstr(" (U8)"),
                                   HasSubstr("expected F32, BF16 or F16")));
  const std::string path = folder / "model.safetensors";
  WriteText(path, Replaced(ReadText(path), "\"I8\"", "\"F9\""));
  EXPECT_THAT(error(folder), AllOf(HasSubstr("'model.embed_tokens.weight' (F9)"), HasSubstr(" (U8)")));
}

// 80,000 tensors that the shape does not have, in a shard with an index: quadratic work would take minutes.
TEST(Checkpoint, ListsManyTensorsThatDoNotFit) {
  constexpr int64_t kMore = 80'000;
  const TemporaryFolder folder;
  nlohmann::json index;
  WriteZeros(folder, [&](std::vector<TensorInfo>& tensors) {
    for (int64_t i = 0; i < kMore; ++i) {
      tensors.push_back({"more." + std::to_string(i), DType::kBFloat16, {1}, "", 0, 0});
    }
    for (const TensorInfo& tensor : tensors) index["weight_map"][tensor.name] = "one.safetensors";
  });
  fs::rename(folder / "model.safetensors", folder / "one.safetensors");
  WriteText(folder / "model.safetensors.index.json", index.dump());
  EXPECT_EQ(std::ssize(TensorProblems(Checkpoint::Open(folder.path()), {})), kMore);
}

// transformers 5.23.0, PreTrainedModel.tie_weights: where both tensors are there and differ, the head is used
// whatever config.json says.
class HeadOfACheckpoint : public ::testing::Test {
 protected:
  HeadOfACheckpoint() {
    WriteZeros(folder_, [](std::vector<TensorInfo>& tensors) {
      tensors.push_back({"lm_head.weight", DType::kBFloat16, {40, 16}, "", 0, 0});
    });
  }
  // Changes the last value of the head.
  void MakeItDiffer() const {
    const TensorInfo info = *Checkpoint::Open(folder_.path()).Find("lm_head.weight");
    std::fstream file(info.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(info.offset_bytes + info.size_bytes - 1);
    file.put('\x3f');
  }
  void SayUntied() const {
    WriteText(folder_ / "config.json",
              Replaced(TinyConfig(), "\"laurel_rank\"", "\"tie_word_embeddings\": false, \"laurel_rank\""));
  }
  bool OwnHead() const { return Checkpoint::Open(folder_.path()).config().text.own_head; }
  TemporaryFolder folder_;
};

TEST_F(HeadOfACheckpoint, IsTheEmbeddingWhereItIsACopyInAnyFormat) {
  EXPECT_FALSE(OwnHead());
  const Checkpoint checkpoint = Checkpoint::Open(folder_.path());
  EXPECT_TRUE(TensorProblems(checkpoint, {}).empty());
  EXPECT_EQ(checkpoint.weight_bytes_read(), 0);
  EXPECT_EQ(CountCheckpoint(checkpoint).parameters[ParameterGroup::kOwnHead], 0);
}

TEST_F(HeadOfACheckpoint, IsItsOwnWhereAValueDiffersOrTheConfigSaysSo) {
  MakeItDiffer();
  EXPECT_TRUE(OwnHead());
  SayUntied();
  EXPECT_TRUE(OwnHead());
  const Checkpoint checkpoint = Checkpoint::Open(folder_.path());
  EXPECT_TRUE(TensorProblems(checkpoint, {}).empty());
  const ParameterCount count = CountCheckpoint(checkpoint);
  EXPECT_EQ(count.parameters[ParameterGroup::kOwnHead], 40 * 16);
  EXPECT_EQ(count.parameters.total(),
            CountPublished(checkpoint.config(), DType::kFloat32).parameters.total());
  EXPECT_EQ(NamedSums(count.parameters).back(), (std::pair<std::string, int64_t>("lm_head", 40 * 16)));
}

TEST_F(HeadOfACheckpoint, ThatIsUntiedMustBeThere) {
  WriteZeros(folder_, [](std::vector<TensorInfo>&) {});
  SayUntied();
  EXPECT_THAT(TensorProblems(Checkpoint::Open(folder_.path()), {}),
              ::testing::ElementsAre("'lm_head.weight': missing, expected [40, 16]"));
}

TEST(Checkpoint, SaysWhatADirectoryLacks) {
  const TemporaryFolder folder;
  const auto error = [](const std::string& path) -> std::string {
    try {
      Checkpoint::Open(path);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error(folder / "nowhere"), HasSubstr("expected the directory of a checkpoint"));
  EXPECT_THAT(error(folder.path()), AllOf(HasSubstr("the folder is empty"), HasSubstr("config.json")));
  WriteText(folder / "config.json", TinyConfig());
  EXPECT_THAT(error(folder.path()), HasSubstr("expected model.safetensors or model.safetensors.index.json"));
  WriteText(folder / "model.safetensors", SafetensorsFile("{}", 0).substr(0, 9));
  EXPECT_THAT(error(folder.path()), HasSubstr("model.safetensors"));
  EXPECT_THAT(error(folder / "config.json"), HasSubstr("found a file"));
}

TEST_F(ShardedCheckpoint, ReadsUpToTheEndOfATensorAndNotBeyond) {
  const Checkpoint checkpoint = Checkpoint::Open(path());
  const TensorInfo& info = *checkpoint.Find("model.embed_tokens.weight");
  std::vector<std::byte> part(32);
  EXPECT_NO_THROW(checkpoint.ReadRange(info, info.size_bytes - 32, part));
  EXPECT_THROW(checkpoint.ReadRange(info, -1, part), RunError);
  try {
    checkpoint.ReadRange(info, info.size_bytes - 31, part);
    FAIL() << "expected an error";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), HasSubstr(Format("bytes {} to {} were requested of {}", info.size_bytes - 31,
                                               info.size_bytes + 1, info.size_bytes)));
  }
}

TEST_F(ShardedCheckpoint, OfManyDisagreementsTwentyAreShown) {
  const auto error = [this](int more) {
    auto index = ReadIndex();
    for (int i = 0; i < more; ++i) index["weight_map"][Format("x{}", i)] = Shard(0);
    WriteIndex(index);
    return ErrorOfOpen();
  };
  EXPECT_THAT(error(20), AllOf(HasSubstr("about 20 tensors"), Not(HasSubstr("…"))));
  EXPECT_THAT(error(21), AllOf(HasSubstr("about 21 tensors"), HasSubstr("; …")));
}

TEST(Checkpoint, OfManyTensorsThatDoNotFitTwentyAreShown) {
  const auto error = [](int more) -> std::string {
    const TemporaryFolder folder;
    WriteZeros(folder, [&](std::vector<TensorInfo>& tensors) {
      for (int i = 0; i < more; ++i) tensors.push_back({Format("x{}", i), DType::kFloat32, {1}, "", 0, 0});
    });
    try {
      VerifyTensors(Checkpoint::Open(folder.path()), {});
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_THAT(error(20), AllOf(HasSubstr("20 tensors do not fit config.json"), Not(HasSubstr("more"))));
  EXPECT_THAT(error(21), AllOf(HasSubstr("21 tensors do not fit"), HasSubstr("; … and 1 more")));
}

TEST(Checkpoint, APleTableThatIsMissingOrOfAnotherShapeIsNamed) {
  const auto error = [](const auto& change) -> std::string {
    const TemporaryFolder folder;
    WriteZeros(folder, change);
    try {
      Checkpoint::Open(folder.path()).ple_table();
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  const auto is_table = [](const TensorInfo& t) { return t.name == "model.embed_tokens_per_layer.weight"; };
  EXPECT_THAT(error([&](std::vector<TensorInfo>& tensors) { std::erase_if(tensors, is_table); }),
              HasSubstr("tensor 'model.embed_tokens_per_layer.weight' is missing; expected [32, 12]"));
  EXPECT_THAT(error([&](std::vector<TensorInfo>& tensors) {
                std::ranges::find_if(tensors, is_table)->shape = {32, 11};
              }),
              HasSubstr("expected [32, 12] as config.json says, found [32, 11]"));
}

TEST(Checkpoint, ReadsOfEachModalityAreToldApartByName) {
  for (const char* name : {"model.vision_tower.x", "model.embed_vision.x"})
    EXPECT_EQ(ModalityOf(name), Modality::kVision);
  for (const char* name : {"model.audio_tower.x", "model.embed_audio.x"})
    EXPECT_EQ(ModalityOf(name), Modality::kAudio);
  for (const char* name : {"model.norm.weight", "x.model.vision_tower.", "lm_head.weight"})
    EXPECT_EQ(ModalityOf(name), Modality::kText);
  EXPECT_EQ(Name(Modality::kText), "text");
  EXPECT_EQ(Name(Modality::kVision), "vision");
  EXPECT_EQ(Name(Modality::kAudio), "audio");
}

TEST(Checkpoint, ItsTokenizerIsTheModelUnlessThereIsOnlyTheJson) {
  const TemporaryFolder folder;
  EXPECT_EQ(TokenizerFile(folder.path()), folder / "tokenizer.model");
  WriteText(folder / "tokenizer.json", "{}");
  EXPECT_EQ(TokenizerFile(folder.path()), folder / "tokenizer.json");
  WriteText(folder / "tokenizer.model", "");
  EXPECT_EQ(TokenizerFile(folder.path()), folder / "tokenizer.model");
}

}  // namespace checkpoint_test
}  // namespace plelab
