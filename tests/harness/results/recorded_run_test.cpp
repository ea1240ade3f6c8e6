#include "harness/results/recorded_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/run/input_identity.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/packing/pack_checkpoint.h"
#include "model/text/folded/finished_inputs_file.h"
#include "tests/harness/results/two_results.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace recorded_run_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SetMeta;
using ::testing::ThrowsMessage;
using testing::TinyRun;
using testing::WriteText;

const char* const kVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

// A result that says it was made by the config of `tiny`.
class Recorded {
 public:
  Recorded() {
    const ExperimentConfig config = tiny_.Config("processes: 3, reps: 6", kVariants);
    record_.meta = {{"config", "mine"}, {"config_path", "configs/mine.yaml"}};
    SetMeta(record_, "config_yaml", config.resolved_yaml);
    std::string inputs;
    for (const std::string& path : {tiny_.checkpoint() + "/config.json", tiny_.shard(), tiny_.trace()})
      inputs += path + ": " + IdentityOfFile(path) + "\n";
    SetMeta(record_, "inputs", inputs);
    SetMeta(record_, "text", tiny_.trace());
    SetMeta(record_, "text_hash", Sha256OfFile(tiny_.trace()));
  }

  const TinyRun& tiny() const { return tiny_; }
  Record& record() { return record_; }
  RecordedRun Read(const std::vector<std::string>& set = {}) const {
    WriteRecord(tiny_.out(), record_);
    return ReadRecordedRun(tiny_.out(), set);
  }
  void Check(const std::vector<std::string>& set = {}) const { RequireRecordedInputs(Read(set)); }

 private:
  TinyRun tiny_;
  Record record_;
};

TEST(RecordedRun, IsToldByItsFirstBytes) {
  const TinyRun tiny;
  WriteRecord(tiny.folder() + "/a.yaml", Record{});
  WriteText(tiny.folder() + "/b.h5", "experiment: ple_strategies\n");
  WriteText(tiny.folder() + "/c.h5", "\x89HDF");
  EXPECT_TRUE(IsHdf5(tiny.folder() + "/a.yaml")) << "whatever its name";
  EXPECT_FALSE(IsHdf5(tiny.folder() + "/b.h5"));
  EXPECT_FALSE(IsHdf5(tiny.folder() + "/c.h5"));
  EXPECT_FALSE(IsHdf5(tiny.folder() + "/missing.h5"));
  EXPECT_FALSE(IsHdf5(tiny.folder()));
}

TEST(RecordedRun, IsTheRecordedConfigUnderItsOwnNameWithWhatIsSet) {
  const Recorded recorded;
  const RecordedRun run =
      recorded.Read({"design.reps=9", "variants[disk].ple.backend=direct", "variants[disk].ple.advice=null",
                     "variants[disk].ple.alignment=device"});
  EXPECT_EQ(run.config.name, "mine");
  EXPECT_EQ(run.config.design.reps, 9);
  EXPECT_EQ(run.config.variants.size(), 2u);
  EXPECT_THAT(run.config.resolved_yaml, HasSubstr("backend: direct"));
  EXPECT_TRUE(run.defaults.empty());
  EXPECT_EQ(recorded.Read().config.design.reps, 6);
}

TEST(RecordedRun, NamesTheKeysThatItsVersionDidNotHave) {
  Recorded recorded;
  std::string yaml = MetaValue(recorded.record().meta, "config_yaml");
  yaml.erase(yaml.find("  processes: 3\n"), std::string("  processes: 3\n").size());
  yaml.erase(yaml.find("  control: true\n"), std::string("  control: true\n").size());
  SetMeta(recorded.record(), "config_yaml", yaml);
  EXPECT_THAT(recorded.Read().defaults, Contains("design.processes=3"));
  EXPECT_THAT(recorded.Read({"design.processes=1"}).defaults,
              AllOf(Contains("design.control=true"), Not(Contains(HasSubstr("processes")))));
}

TEST(RecordedRun, AKeyThatIsGoneIsRefusedWithWhatToDoAndCanBeSet) {
  Recorded recorded;
  std::string yaml = MetaValue(recorded.record().meta, "config_yaml");
  yaml.replace(yaml.find("order: williams"), 15, "order: abba");
  yaml.replace(yaml.find("  seed: 0\n", yaml.find("design:")), 10, "  seed: 0\n  block: 32\n");
  SetMeta(recorded.record(), "config_yaml", yaml);
  EXPECT_THAT([&] { recorded.Read({"design.block=null"}); },
              ThrowsMessage<UserError>(AllOf(HasSubstr(recorded.tiny().out() + ", config_yaml:"),
                                             HasSubstr("'order' in 'design': 'abba' is gone"),
                                             HasSubstr("--set design.order=williams"))));
  EXPECT_THAT([&] { recorded.Read({"design.order=williams"}); },
              ThrowsMessage<UserError>(
                  AllOf(HasSubstr("unknown key 'block'"), HasSubstr("take it away with --set KEY=null"))));
  EXPECT_EQ(recorded.Read({"design.order=williams", "design.block=null"}).config.design.order,
            Order::kWilliams);
  EXPECT_THAT(
      [&] {
        recorded.Read({"design.order=abba", "design.block=null"});
      },
      ThrowsMessage<UserError>(Not(HasSubstr("another version"))))
      << "that is the user's own";
}

TEST(RecordedRun, AResultWithoutAConfigIsRefused) {
  const TinyRun tiny;
  WriteRecord(tiny.out(), Record{});
  EXPECT_THAT([&] { ReadRecordedRun(tiny.out(), {}); },
              ThrowsMessage<UserError>(HasSubstr(tiny.out() + ": records no config")));
}

TEST(RecordedInputs, TheSameFilesPassAlsoWhenTheyWereCopied) {
  const Recorded recorded;
  EXPECT_NO_THROW(recorded.Check());
  fs::last_write_time(recorded.tiny().shard(), fs::file_time_type::clock::now() - std::chrono::hours(9));
  EXPECT_NO_THROW(recorded.Check());
}

// A file above the size that is hashed whole has the time of its change in its identity.
TEST(RecordedInputs, OfALargeFileTheContentCountsAndNotTheTime) {
  Recorded recorded;
  const std::string large = recorded.tiny().folder() + "/large";
  WriteText(large, "a");
  fs::resize_file(large, 300'000'000);  // sparse
  const std::string identity = IdentityOfFile(large);
  ASSERT_THAT(identity, HasSubstr(", changed at "));
  SetMeta(recorded.record(), "inputs",
          MetaValue(recorded.record().meta, "inputs") + large + ": " + identity + "\n");
  fs::last_write_time(large, fs::file_time_type::clock::now() - std::chrono::hours(9));
  EXPECT_NO_THROW(recorded.Check());
  WriteText(large, "b");
  fs::resize_file(large, 300'000'000);
  EXPECT_THAT([&] { recorded.Check(); }, ThrowsMessage<UserError>(HasSubstr(large)));
}

TEST(RecordedInputs, AFileThatChangedIsNamedWithWhatWasRecordedAndFound) {
  const Recorded recorded;
  const std::string before = IdentityOfFile(recorded.tiny().trace());
  WriteText(recorded.tiny().trace(), "[5, 6, 7]");
  EXPECT_THAT([&] { recorded.Check(); },
              ThrowsMessage<UserError>(
                  AllOf(HasSubstr(recorded.tiny().out() + ": " + recorded.tiny().trace() + " is not what"),
                        HasSubstr("recorded '" + before + "', found '9 bytes, sha256 "),
                        HasSubstr("build/plelab run configs/mine.yaml"))));
}

TEST(RecordedInputs, AFileThatIsMissingIsNamed) {
  const Recorded recorded;
  fs::remove(recorded.tiny().shard());
  fs::remove(recorded.tiny().trace());
  EXPECT_THAT([&] { recorded.Check(); },
              ThrowsMessage<UserError>(
                  AllOf(HasSubstr(recorded.tiny().shard() + " is not what"),
                        HasSubstr("found 'no such file' (also " + recorded.tiny().trace() + ")"))));
}

TEST(RecordedInputs, WhatIsReplacedBySetIsNotAskedFor) {
  const Recorded recorded;
  fs::copy(recorded.tiny().trace(), recorded.tiny().folder() + "/other.json");
  fs::remove(recorded.tiny().trace());
  EXPECT_THROW(recorded.Check(), UserError);
  EXPECT_NO_THROW(recorded.Check({"workload.trace=" + recorded.tiny().folder() + "/other.json"}));
  fs::remove(recorded.tiny().shard());
  EXPECT_NO_THROW(recorded.Check({"workload.trace=" + recorded.tiny().folder() + "/other.json",
                                  "model.checkpoint=" + recorded.tiny().folder() + "/elsewhere"}));
}

TEST(RecordedInputs, WhatTheRunWritesItselfMayBeMissing) {
  Recorded recorded;
  const std::string folded = recorded.tiny().checkpoint() + "/ple_folded.safetensors";
  SetMeta(recorded.record(), "inputs",
          MetaValue(recorded.record().meta, "inputs") + folded + ": 9 bytes, sha256 aa\n");
  EXPECT_NO_THROW(recorded.Check());
  fs::remove_all(recorded.tiny().checkpoint());
  EXPECT_THROW(recorded.Check(), UserError);
  EXPECT_NO_THROW(recorded.Check({"model.synth=small"})) << "it is written from its seed";
}

TEST(RecordedInputs, PackedFinishedInputsAreAskedFor) {
  Recorded recorded;
  const Checkpoint checkpoint = Checkpoint::Open(recorded.tiny().checkpoint());
  const TableToPack finished = FinishedInputsToPack(checkpoint);
  const std::string folder = recorded.tiny().folder() + "/packed";
  PackCheckpoint(checkpoint, folder, {.folded = &finished});
  SetMeta(
      recorded.record(), "inputs",
      MetaValue(recorded.record().meta, "inputs") + folder + "/ple_folded.safetensors: 9 bytes, sha256 aa\n");
  EXPECT_THAT([&] { recorded.Check(); }, ThrowsMessage<UserError>(HasSubstr("ple_folded.safetensors")));
}

TEST(RecordedInputs, MediaOfATaskAreAskedFor) {
  Recorded recorded;
  const std::string picture = recorded.tiny().folder() + "/a.png";
  WriteText(picture, "a picture");
  SetMeta(recorded.record(), "inputs",
          MetaValue(recorded.record().meta, "inputs") + picture + ": " + IdentityOfFile(picture) + "\n");
  EXPECT_NO_THROW(recorded.Check());
  WriteText(picture, "another");
  EXPECT_THAT([&] { recorded.Check(); }, ThrowsMessage<UserError>(HasSubstr(picture)));
}

TEST(RecordedInputs, Version1IsCheckedByItsHashes) {
  Recorded recorded;
  Record& record = recorded.record();
  std::erase_if(record.meta, [](const auto& entry) { return entry.first == "inputs"; });
  SetMeta(record, "checkpoint", recorded.tiny().checkpoint());
  SetMeta(record, "checkpoint_hash", Checkpoint::Open(recorded.tiny().checkpoint()).fingerprint());
  EXPECT_NO_THROW(recorded.Check());
  SetMeta(record, "checkpoint_hash", std::string(64, 'a'));
  EXPECT_THAT([&] { recorded.Check(); },
              ThrowsMessage<UserError>(AllOf(HasSubstr(recorded.tiny().checkpoint() + " is not what"),
                                             HasSubstr("recorded 'sha256 aaaa"))));
  SetMeta(record, "checkpoint_hash", "");
  WriteText(recorded.tiny().trace(), "[5]");
  EXPECT_THAT([&] { recorded.Check(); }, ThrowsMessage<UserError>(HasSubstr(recorded.tiny().trace())));
}

}  // namespace recorded_run_test
}  // namespace plelab
