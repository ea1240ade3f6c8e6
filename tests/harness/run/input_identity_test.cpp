#include "harness/run/input_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/catalog/synth.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace input_identity_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::WriteText;

// Any limit below the size makes a file a large one.
constexpr int64_t kWhole = 1 << 20, kLarge = 0;

class InputIdentity : public ::testing::Test {
 protected:
  InputIdentity() { WriteText(path_, text_); }
  void Change(size_t at) {
    const auto time = fs::last_write_time(path_);
    std::string changed = text_;
    changed[at] ^= 1;
    WriteText(path_, changed);
    fs::last_write_time(path_, time);
  }
  void Touch() { fs::last_write_time(path_, fs::last_write_time(path_) + std::chrono::seconds(5)); }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "model.safetensors", text_ = std::string(100'000, 'x');
};

// The expected value is sha256sum's.
TEST_F(InputIdentity, OfASmallFileIsItsContent) {
  WriteText(path_, "abc");
  EXPECT_EQ(IdentityOfFile(path_),
            "3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(InputIdentity, OfASmallFileChangesWithEachByteAndNotWithItsTime) {
  const std::string before = IdentityOfFile(path_, kWhole);
  Touch();
  EXPECT_EQ(IdentityOfFile(path_, kWhole), before);
  Change(54'321);
  EXPECT_NE(IdentityOfFile(path_, kWhole), before);
}

TEST_F(InputIdentity, OfALargeFileChangesWithEachSampleAtTheSameTime) {
  const std::string before = IdentityOfFile(path_, kLarge);
  EXPECT_THAT(before, HasSubstr("100000 bytes, changed at"));
  for (const size_t at : {size_t{0}, text_.size() - 1, text_.size() / 2}) {
    Change(at);
    EXPECT_NE(IdentityOfFile(path_, kLarge), before) << at;
  }
}

TEST_F(InputIdentity, OfALargeFileChangesWithItsSizeAtTheSameTime) {
  // With one byte everywhere, every sample of the longer file is the same.
  const std::string before = IdentityOfFile(path_, kLarge);
  const auto time = fs::last_write_time(path_);
  WriteText(path_, text_ + "x");
  fs::last_write_time(path_, time);
  const std::string after = IdentityOfFile(path_, kLarge);
  EXPECT_THAT(after, HasSubstr("100001 bytes, changed at"));
  EXPECT_EQ(after.substr(after.find(',')), before.substr(before.find(',')));
}

TEST_F(InputIdentity, OfALargeFileChangesWithItsTimeAlone) {
  const std::string before = IdentityOfFile(path_, kLarge);
  Touch();
  EXPECT_NE(IdentityOfFile(path_, kLarge), before);
}

TEST_F(InputIdentity, OfALargeFileStaysWhenItsFolderMoves) {
  const std::string before = IdentityOfFile(path_, kLarge);
  fs::create_directory(folder_ / "new");
  fs::rename(path_, folder_ / "new/model.safetensors");
  EXPECT_EQ(IdentityOfFile(folder_ / "new/model.safetensors", kLarge), before);
}

TEST_F(InputIdentity, OfFilesHasALineForEach) {
  WriteText(folder_ / "b", "");
  const std::string lines = IdentityOfFiles({path_, folder_ / "b", path_});
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
  EXPECT_THAT(lines, HasSubstr(folder_ / "b: 0 bytes"));
  EXPECT_THROW(IdentityOfFiles({folder_ / "none"}), UserError);
}

// 4,096 blocks of 4,096 bytes over a file of 20 MB, evenly from its first to its last byte.
TEST_F(InputIdentity, OfALargeFileIsThatOfBlocksInEqualDistances) {
  constexpr int64_t kSize = 20'000'003;
  std::string bytes(kSize, '\0');
  for (int64_t i = 0; i < kSize; ++i) bytes[i] = static_cast<char>(i / 997 + i * i % 251);
  WriteText(path_, bytes);
  Sha256 hash;
  for (int64_t i = 0; i < 4096; ++i)
    hash.Update(std::string_view(bytes).substr((kSize - 4096) * i / 4095, 4096));
  EXPECT_THAT(IdentityOfFile(path_, kLarge), EndsWith(", sample " + hash.Hex()));
}

TEST_F(InputIdentity, AFileIsLargeAboveTheLimitAndNeverBelowABlock) {
  const auto identity = [&](int64_t size, int64_t limit) {
    WriteText(path_, std::string(size, 'x'));
    return IdentityOfFile(path_, limit);
  };
  EXPECT_THAT(identity(4096, 0), HasSubstr("4096 bytes, sha256 "));
  EXPECT_THAT(identity(4097, 0), HasSubstr("4097 bytes, changed at "));
  EXPECT_THAT(identity(5000, 5000), HasSubstr("5000 bytes, sha256 "));
  EXPECT_THAT(identity(5001, 5000), HasSubstr("5001 bytes, changed at "));
}

// A plan without a checkpoint, of two groups, one of which reads a folded table.
TEST_F(InputIdentity, OfARunAreItsTextsItsMediaAndItsTasks) {
  for (const char* name : {"p.png", "s.wav"}) WriteText(folder_ / name, "");
  WriteText(folder_ / "t.jsonl",
            R"({"images": ["p.png"], "audio": ["s.wav"], "context": "a", "choices": ["b", "c"], "gold": 0})");
  RunPlan plan;
  plan.config.experiment = "ple_strategies";
  plan.groups.resize(2);
  plan.groups[0].workload.text_file = "words.txt";
  plan.groups[0].workload.images = {"i.png"};
  plan.groups[0].workload.audio = {"a.wav"};
  plan.groups[1].workload.trace = "ids.json";
  plan.variants.resize(2);
  plan.variants[1].table.folded = std::make_shared<const PleTable>(PleTable{"folded.rows", 0, {}});
  EXPECT_THAT(FilesOf(plan), ElementsAre("folded.rows", "words.txt", "i.png", "a.wav", "ids.json"));
  plan.config.accuracy.text_file = "held_out.txt";
  plan.config.accuracy.tasks = {folder_ / "t.jsonl"};
  EXPECT_EQ(FilesOf(plan).size(), 5u) << "nothing is scored";
  plan.config.accuracy.enabled = true;
  plan.config.experiment = "ple_ablation";
  EXPECT_THAT(FilesOf(plan), ElementsAre("folded.rows", "held_out.txt", folder_ / "t.jsonl",
                                         folder_ / "p.png", folder_ / "s.wav"));
}

// Added tokens come from tokenizer_config.json, so a changed one is another vocabulary.
TEST(InputIdentityOfACheckpoint, ChangesWithEachFileThatDecidesWhatItComputes) {
  const TemporaryFolder folder;
  WriteRandomCheckpoint(testing::TinyConfig(), folder.path(), {});
  const std::vector<std::string> names = {
      "config.json",           "model.safetensors",        "tokenizer.model",      "tokenizer.json",
      "tokenizer_config.json", "preprocessor_config.json", "processor_config.json"};
  for (const std::string& name : names) {
    if (!fs::exists(folder / name)) WriteText(folder / name, "{}");
  }
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  std::string before = IdentityOfFiles(FilesOf(checkpoint));
  for (const std::string& name : names) {
    WriteText(folder / name, testing::ReadText(folder / name) + " ");
    const std::string now = IdentityOfFiles(FilesOf(checkpoint));
    EXPECT_NE(now, before) << name;
    before = now;
  }
}

}  // namespace input_identity_test
}  // namespace plelab
