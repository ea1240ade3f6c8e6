#include "model/base/trial.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace plelab {
namespace trial_test {

using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

TEST(Trial, WhatReturnsOrThrowsSurvives) {
  EXPECT_TRUE(TryInChild([] {}).survived());
  EXPECT_TRUE(TryInChild([] { throw std::runtime_error("a mistake of the user"); }).survived());
}

TEST(Trial, SaysWhatWasThrown) {
  EXPECT_EQ(TryInChild([] { throw std::runtime_error("a mistake of the user"); }).error,
            "a mistake of the user");
  EXPECT_EQ(TryInChild([] {}).error, "");
  EXPECT_EQ(TryInChild([] { throw 5; }).error, "an exception");
  EXPECT_EQ(TryInChild([] { throw std::runtime_error(std::string(100'000, 'x')); }).error,
            std::string(4096, 'x'));
}

// An emulator of another processor may accept a limit and keep none.
bool LimitsAreKept() {
  return TryInChild([] {
           const rlimit limit = {rlim_t{1} << 40, rlim_t{1} << 40};
           rlimit now = {};
           if (::setrlimit(RLIMIT_AS, &limit) != 0 || ::getrlimit(RLIMIT_AS, &now) != 0) ::_exit(1);
           ::_exit(now.rlim_cur == limit.rlim_cur ? 0 : 1);
         })
      .survived();
}

TEST(Trial, ALimitOfMemoryMakesAllocationsFail) {
  if (!LimitsAreKept()) GTEST_SKIP() << "this system keeps no limit of memory";
  const auto allocate = [] { std::vector<char>(size_t{1} << 32).back() = 1; };
  const TrialResult limited = TryInChild(allocate, 60, int64_t{1} << 28);
  EXPECT_TRUE(limited.error == "std::bad_alloc" || !limited.survived()) << limited.error;
  const auto little = [] { std::vector<char>(size_t{1} << 20).back() = 1; };
  EXPECT_EQ(TryInChild(little, 60, int64_t{1} << 28).error, "");
}

TEST(Trial, HappensInAnotherProcess) {
  const TemporaryFolder folder;
  int seen = 1;
  TryInChild([&] {
    seen = 2;
    WriteText(folder / "pid", std::to_string(::getpid()));
  });
  EXPECT_EQ(seen, 1);
  const std::string child = ReadText(folder / "pid");
  EXPECT_FALSE(child.empty());
  EXPECT_NE(child, std::to_string(::getpid()));
}

TEST(Trial, NamesTheSignalOfACrash) {
  const TrialResult abort = TryInChild([] { std::abort(); });
  EXPECT_FALSE(abort.survived());
  EXPECT_EQ(abort.Describe(), "crashes with signal 6 (Aborted)");
  const TrialResult fault = TryInChild([] { ::raise(SIGSEGV); });
  EXPECT_EQ(fault.Describe(), "crashes with signal 11 (Segmentation fault)");
}

TEST(Trial, ALibraryThatEndsTheProcessDoesNotSurvive) {
  const TrialResult result = TryInChild([] { std::_Exit(3); });
  EXPECT_FALSE(result.survived());
  EXPECT_EQ(result.Describe(), "ends the process with code 3");
}

TEST(Trial, StopsWhatDoesNotEnd) {
  const TrialResult result = TryInChild(
      [] {
        while (true) ::pause();
      },
      1);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.Describe(), "is not done in time");
}

TEST(Trial, IsQuiet) {
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  TryInChild([] {
    std::fputs("a library's words\n", stderr);
    std::fputs("a library's words\n", stdout);
    std::fflush(stdout);
  });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

// A program whose parent ignores SIGCHLD inherits that.
TEST(Trial, WorksWhereChildrenAreIgnored) {
  const auto earlier = std::signal(SIGCHLD, SIG_IGN);
  EXPECT_FALSE(TryInChild([] { std::abort(); }).survived());
  EXPECT_EQ(std::signal(SIGCHLD, earlier), SIG_IGN);
}

}  // namespace trial_test
}  // namespace plelab
