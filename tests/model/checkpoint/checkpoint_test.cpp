#include "model/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "model/base/error.h"
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

TEST(Checkpoint, MissingExtraAndUnreadableTensorsAreListedTogether) {
  const TemporaryFolder folder;
  WriteText(folder / "config.json", TinyConfig());
  std::vector<TensorInfo> tensors;
  for (const TensorSpec& spec : PublishedTensors(ParseConfig(TinyConfig(), ""))) {
    if (spec.name == "model.norm.weight") continue;
    const DType dtype = spec.name == "model.embed_tokens.weight" ? DType::kInt8 : DType::kFloat32;
    tensors.push_back({spec.name, dtype, spec.shape, "", 0, 0});
  }
  tensors.push_back({"model.surprise", DType::kFloat32, {1}, "", 0, 0});
  // Tied: accepted, but never read.
  tensors.push_back({"lm_head.weight", DType::kFloat32, {40, 16}, "", 0, 0});
  int64_t bytes = 0;
  const std::string header = MakeSafetensorsHeader(tensors, {});
  for (const TensorInfo& tensor : tensors) bytes += tensor.size_bytes;
  WriteText(folder / "model.safetensors", header + std::string(bytes, '\0'));
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  EXPECT_EQ(checkpoint.weights_label(), "unlabelled");
  EXPECT_THAT(TensorProblems(checkpoint, {}),
              ::testing::UnorderedElementsAre(
                  "'model.norm.weight': missing, expected [16]",
                  "'model.embed_tokens.weight': expected float32, bfloat16 or float16, found int8",
                  "'model.surprise': unknown, found [1]"));
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

}  // namespace checkpoint_test
}  // namespace plelab
