// On which cores threads run, as the kernel says it.
#include "harness/machine/cores.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>

#include "harness/plan/phase.h"
#include "harness/run/run_checks.h"
#include "harness/support/system_files.h"
#include "harness/workload/loaded_model.h"
#include "model/base/error.h"
#include "model/checkpoint/checkpoint.h"
#include "model/kernels/parallel.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace cores_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TinyRun;

std::string CoresOf(pid_t thread) {
  return FieldOf(ReadSystemFile("/proc/self/task/" + std::to_string(thread) + "/status"),
                 "Cpus_allowed_list");
}
std::string CoresOfThisThread() { return CoresOf(::gettid()); }

std::set<pid_t> Threads() {
  std::set<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    threads.insert(std::stoi(entry.path().filename()));
  return threads;
}

// The cores of each compute thread of the caller's pool, by its number.
std::vector<std::string> ComputeCores(int64_t threads) {
  std::vector<std::string> cores(threads);
  ParallelFor(0, threads, 1, [&](int64_t, int64_t) { cores[at::get_thread_num()] = CoresOfThisThread(); });
  return cores;
}

class Cores : public ::testing::Test {
 protected:
  void TearDown() override { UseThreads(before_); }
  ModelSection Pinned(int64_t threads) {
    ModelSection section;
    section.threads = threads;
    section.pin = true;
    return section;
  }
  // The cores of the threads that a source of the strategy disk starts.
  std::vector<std::string> HelperCores() {
    const std::set<pid_t> before = Threads();
    VariantConfig variant;
    variant.ple = ParsePleSpec("disk");
    const auto source = DefaultSourceMaker()(variant, Checkpoint::Open(tiny_.checkpoint()).ple_table(), {});
    std::vector<std::string> cores;
    for (const pid_t thread : Threads()) {
      if (!before.contains(thread)) cores.push_back(CoresOf(thread));
    }
    EXPECT_EQ(std::ssize(cores), source->threads());
    return cores;
  }

  const int64_t before_ = at::get_num_threads();
  const std::vector<int>& all_ = AllowedCores();
  const int64_t n_ = std::ssize(all_);
  const std::string everywhere_ = CoresOfThisThread();
  const TinyRun tiny_;
};

TEST_F(Cores, EachComputeThreadHasACoreOfItsOwnAndLosesItAgain) {
  UseThreads(Pinned(n_));
  const std::vector<std::string> pinned = ComputeCores(n_);
  for (int64_t i = 0; i < n_; ++i) EXPECT_EQ(pinned[i], std::to_string(all_[i]));
  EXPECT_EQ(CoresOfThisThread(), std::to_string(all_[0])) << "also between kernels";
  ModelSection loose = Pinned(n_);
  loose.pin = false;
  UseThreads(loose);
  for (const std::string& cores : ComputeCores(n_)) EXPECT_EQ(cores, everywhere_);
}

TEST_F(Cores, AThreadThatStartsLaterIsPinnedWithItsFirstShare) {
  UseThreads(Pinned(n_));
  std::vector<std::string> pinned;
  // LibTorch makes a pool of its own for each thread that calls it.
  std::thread([&] {
    at::set_num_threads(static_cast<int>(n_));
    pinned = ComputeCores(n_);
  }).join();
  for (int64_t i = 0; i < n_; ++i) EXPECT_EQ(pinned[i], std::to_string(all_[i]));
}

TEST_F(Cores, HelpersRunOnTheCoresThatAreLeft) {
  if (n_ < 2) GTEST_SKIP() << "one core";
  UseThreads(Pinned(n_ - 1));
  const std::vector<std::string> helpers = HelperCores();
  ASSERT_EQ(helpers.size(), 1u);
  EXPECT_EQ(helpers[0], std::to_string(all_[n_ - 1]));
  EXPECT_EQ(CoresOfThisThread(), std::to_string(all_[0])) << "the caller is back on its core";
}

TEST_F(Cores, WhereNoCoreIsLeftHelpersRunOnAll) {
  UseThreads(Pinned(n_));
  EXPECT_EQ(HelperCores().at(0), everywhere_);
  EXPECT_EQ(CoresOfThisThread(), std::to_string(all_[0]));
}

TEST_F(Cores, WithoutPinHelpersRunOnAll) {
  UseThreads(n_);
  EXPECT_EQ(HelperCores().at(0), everywhere_);
}

TEST_F(Cores, AModelThatIsDroppedLeavesItsThreadsEverywhere) {
  UseThreads(Pinned(n_));
  ModelShelf().Clear();
  EXPECT_EQ(CoresOfThisThread(), everywhere_) << "a child process would inherit one core";
}

TEST_F(Cores, MorePinnedThreadsThanCoresAreTheUsersMistake) {
  EXPECT_THROW(UseThreads(Pinned(n_ + 1)), UserError);
  const auto config = [&](int64_t threads, const std::string& pin) {
    const std::string own =
        "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: "
        "disk}, model: {threads: " +
        std::to_string(threads) + pin + "}}\n";
    return tiny_.Config("reps: 1", own);
  };
  EXPECT_NO_THROW(CheckPins(config(n_, ", pin: true")));
  EXPECT_NO_THROW(CheckPins(config(n_ + 1, "")));
  EXPECT_THAT(
      [&] { CheckPins(config(n_ + 1, ", pin: true")); },
      ::testing::ThrowsMessage<UserError>(AllOf(HasSubstr("tiny.yaml:7:"), HasSubstr("variant 'disk'"),
                                                HasSubstr("at most " + std::to_string(n_) + " threads"))));
}

}  // namespace cores_test
}  // namespace plelab
