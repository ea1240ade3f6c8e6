#include "harness/machine/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "harness/machine/bandwidth.h"
#include "harness/machine/machine_state.h"
#include "harness/machine/source_state.h"
#include "harness/storage/storage.h"
#include "harness/support/process.h"
#include "harness/support/statistics.h"
#include "harness/support/system_files.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace environment_test {

using ::testing::MatchesRegex;
using testing::TemporaryFolder;
using testing::WriteText;

TEST(Environment, SaysSomethingForEveryAttributeOfTheSchema) {
  const auto list = DescribeEnvironment(PLELAB_BINARY_DIR, 3);
  const std::map<std::string, std::string> meta(list.begin(), list.end());
  EXPECT_EQ(meta.size(), list.size()) << "a name twice";
  for (const char* name : {"git_commit",   "dirty_hash", "build_commit", "build_dirty_hash", "cpu_model",
                           "cpu_features", "microcode",  "cores",        "memory",           "kernel",
                           "vm",           "storage",    "filesystem",   "scheduler",        "read_ahead",
                           "huge_pages",   "cgroup",     "compiler",     "build_type",       "compiler_flags",
                           "torch",        "hdf5",       "yaml_cpp",     "sentencepiece",    "threads",
                           "started_at"}) {
    EXPECT_TRUE(meta.contains(name)) << name;
    EXPECT_NE(meta.at(name), "") << name;
  }
  EXPECT_EQ(meta.at("threads"), "3");
  EXPECT_THAT(meta.at("started_at"), MatchesRegex("20[0-9-]+T[0-9:]+Z"));
  EXPECT_THAT(meta.at("memory"), MatchesRegex("[0-9]+ bytes"));
  EXPECT_THAT(meta.at("torch"), MatchesRegex("2\\..*"));
}

TEST(Environment, NoThreadsMeansAllCores) {
  const auto list = DescribeEnvironment("/", 0);
  const std::map<std::string, std::string> meta(list.begin(), list.end());
  EXPECT_EQ(meta.at("threads"), meta.at("cores"));
}

TEST(Environment, StorageIsThatOfTheFileEvenBeforeItIsThere) {
  const StorageDescription here = DescribeStorage(PLELAB_BINARY_DIR);
  EXPECT_NE(here.filesystem, "unknown");
  EXPECT_EQ(DescribeStorage(PLELAB_BINARY_DIR "/not/there/yet").filesystem, here.filesystem);
  EXPECT_EQ(DescribeStorage(PLELAB_BINARY_DIR "/not/there/yet").device, here.device);
  EXPECT_THAT(DescribeStorage("/proc/self/status").filesystem, MatchesRegex("proc, .*"));
}

#if defined(__x86_64__)
// The three registers of a signature stand behind each other.
TEST(Environment, AHypervisorIsNamedWhole) {
  const auto list = DescribeEnvironment("/", 0);
  const std::map<std::string, std::string> meta(list.begin(), list.end());
  const std::string vm = meta.at("vm");
  for (const std::string known :
       {"KVMKVMKVM", "Microsoft Hv", "VMwareVMware", "XenVMMXenVMM", "TCGTCGTCGTCG"}) {
    if (vm.starts_with(known.substr(0, 3))) {
      EXPECT_EQ(vm.substr(0, vm.find(',')), known);
    }
  }
}
#endif

TEST(MachineState, TheClockIsTheMeanOfTheCores) {
  if (std::filesystem::exists("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"))
    GTEST_SKIP() << "a clock that changes from one look to the next";
  const auto mean_mhz = [] {
    std::vector<double> mhz;
    for (const std::string& line : Lines(ReadSystemFile("/proc/cpuinfo")))
      if (line.starts_with("cpu MHz")) mhz.push_back(std::stod(line.substr(line.find(':') + 1)));
    return Mean(mhz);
  };
  const double before = mean_mhz(), found = ReadMachineState().cpu_mhz;
  if (mean_mhz() == before) {
    EXPECT_DOUBLE_EQ(found, before);
  }
}

TEST(MachineState, DifferencesAreOfTheCumulativeFieldsOnly) {
  const MachineState before{3000, 50, 100, 7, 8, 10.0, 30, 40};
  const MachineState after{2000, 60, 150, 10, 18, 12.5, 36, 47};
  const MachineState change = Between(before, after);
  EXPECT_EQ(change.cpu_mhz, 2000);
  EXPECT_EQ(change.temperature_c, 60);
  EXPECT_EQ(change.steal_ns, 50);
  EXPECT_EQ(change.psi_memory_us, 3);
  EXPECT_EQ(change.psi_io_us, 10);
  EXPECT_EQ(change.energy_j, 2.5);
  EXPECT_EQ(change.psi_cpu_us, 6);
  EXPECT_EQ(change.involuntary_switches, 7);
}

TEST(MachineState, AnEnergyCounterThatWrappedIsNotMeasured) {
  const MachineState before{0, 0, 0, 0, 0, 262143.0}, after{0, 0, 0, 0, 0, 1.0};
  EXPECT_TRUE(std::isnan(Between(before, after).energy_j));
}

TEST(MachineState, CumulativeFieldsNeverFall) {
  const MachineState before = ReadMachineState();
  const MachineState change = Between(before, ReadMachineState());
  EXPECT_GE(change.steal_ns, 0);
  EXPECT_FALSE(change.psi_memory_us < 0);  // NaN when the kernel has no PSI
  EXPECT_FALSE(change.psi_io_us < 0);
  EXPECT_FALSE(change.psi_cpu_us < 0);
  EXPECT_GE(change.involuntary_switches, 0);
}

TEST(Bandwidth, OurReadLoopMovesBytes) {
  for (const int64_t threads : {1, 2, 0}) {
    const double gb_s = MeasureReadBandwidth(threads);
    EXPECT_GT(gb_s, 0) << threads;
    EXPECT_LT(gb_s, 10'000) << threads;  // no memory is that fast; the loop would have been optimised away
  }
}

class SourceStateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Git({"init", "--quiet"}).ok()) GTEST_SKIP() << "no git here";
    WriteText(folder_ / "a.cpp", "int a;\n");
    Commit();
  }
  ProcessResult Git(std::vector<std::string> arguments) {
    std::vector<std::string> command = {"git",         "-C", folder_.path(),    "-c",
                                        "user.name=a", "-c", "user.email=a@b.c"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }
  void Commit() {
    ASSERT_TRUE(Git({"add", "--all"}).ok());
    const ProcessResult result = Git({"commit", "--quiet", "--message=x"});
    ASSERT_TRUE(result.ok()) << result.Describe();
  }
  std::string DirtyHash() { return ReadSourceState(folder_.path()).dirty_hash; }

  TemporaryFolder folder_{"/tmp"};
};

TEST_F(SourceStateTest, ACommittedTreeIsClean) {
  EXPECT_THAT(ReadSourceState(folder_.path()).commit, MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(DirtyHash(), "clean");
}

TEST_F(SourceStateTest, TheHashFollowsTheContentOfChangedAndUntrackedFiles) {
  WriteText(folder_ / "a.cpp", "int b;\n");
  const std::string changed = DirtyHash();
  EXPECT_EQ(changed.size(), 64u);
  WriteText(folder_ / "new.cpp", "int c;\n");
  const std::string untracked = DirtyHash();
  EXPECT_NE(untracked, changed);
  WriteText(folder_ / "new.cpp", "int d;\n");
  EXPECT_NE(DirtyHash(), untracked);
  WriteText(folder_ / "new.cpp", "int c;\n");
  EXPECT_EQ(DirtyHash(), untracked) << "the same sources, the same hash";
}

TEST_F(SourceStateTest, AFolderInsideSomebodyElsesRepositoryIsUnknown) {
  std::filesystem::create_directory(folder_ / "unpacked");
  EXPECT_EQ(ReadSourceState(folder_ / "unpacked").commit, "unknown");
  EXPECT_EQ(ReadSourceState("/proc").dirty_hash, "unknown");
}

}  // namespace environment_test
}  // namespace plelab
