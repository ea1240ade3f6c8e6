// What is refused before anything is measured: too little memory, too little disk, too many pinned threads.
#include "harness/run/run_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/machine/cores.h"
#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/machine/resources.h"
#include "tests/support/media.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace run_checks_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

class RunChecks : public ::testing::Test {
 protected:
  std::string Error() const {
    return ErrorOf([&] { CheckRoom(plan_, tiny_.out()); });
  }
  const TinyRun tiny_;
  RunPlan plan_ = ResolvePlan(tiny_.Config("warmup_steps: 2, reps: 2, memory_reps: 0", kResidentAndDisk));
};

TEST_F(RunChecks, WhatFitsIsNotRefused) { EXPECT_EQ(Error(), "no error"); }

TEST_F(RunChecks, VariantsNeedMemoryTogether) {
  const int64_t available = AvailableMemoryBytes();
  ASSERT_GT(available, 0);
  plan_.variants[1].footprint.fast_bytes = available / 4;
  EXPECT_EQ(Error(), "no error");
  plan_.variants[1].footprint.fast_bytes = available + available / 4;
  EXPECT_THAT(Error(), AllOf(StartsWith("tiny: the variants together need about "),
                             HasSubstr("; use design.isolate: process, or fewer variants")));
}

// A row of steps takes 200 bytes, two variants have 8 in each repetition, and the parts are kept meanwhile.
TEST_F(RunChecks, AResultAndItsPartsNeedDisk) {
  const int64_t reps_that_fit = FreeDiskBytes(tiny_.out()) / (2 * 8 * 200);
  plan_.config.design.reps = reps_that_fit * 2 / 5;
  EXPECT_EQ(Error(), "no error");
  plan_.config.design.reps = reps_that_fit * 3 / 5;
  EXPECT_THAT(Error(), AllOf(StartsWith(tiny_.out() + ": the result needs about "), HasSubstr(" are free")));
}

TEST_F(RunChecks, CopiesOfTheTableNeedDisk) {
  VariantPlan& disk = plan_.variants[1];
  const int64_t free = FreeDiskBytes(tiny_.out());
  disk.config.own_table = OwnTable::kYes;
  disk.footprint.file_bytes = free / 2;
  EXPECT_EQ(Error(), "no error");
  disk.footprint.file_bytes = free * 2;
  EXPECT_THAT(Error(), AllOf(HasSubstr("own_tables: copies of the table for the variants that read it need "),
                             HasSubstr("set design.own_table: false")));
  disk.config.own_table = OwnTable::kNo;
  EXPECT_EQ(Error(), "no error");
}

TEST(CheckPinsTest, NamesTheKeyThatWasGiven) {
  const TinyRun tiny;
  const int64_t cores = std::ssize(AllowedCores());
  const auto error = [&](const std::string& of_disk, const std::vector<std::string>& overrides) {
    const std::string yaml = tiny.Yaml("reps: 1",
                                       "  - {name: resident, ple: {strategy: resident}}\n"
                                       "  - {name: disk, ple: {strategy: disk}" +
                                           of_disk + "}\n");
    const ExperimentConfig config = ParseExperimentConfig(yaml, "tiny.yaml", overrides);
    return ErrorOf([&] { CheckPins(config); });
  };
  const std::string many = "model.threads=" + std::to_string(cores + 1);
  EXPECT_EQ(error("", {many}), "no error") << "nothing is pinned";
  EXPECT_EQ(error("", {"model.pin=true"}), "no error") << "one thread";
  EXPECT_THAT(error("", {many, "model.pin=true"}),
              AllOf(StartsWith("--set " + many + ": variant 'resident': "),
                    HasSubstr("at most " + std::to_string(cores) + " threads"),
                    HasSubstr("found " + std::to_string(cores + 1) + ";")));
  EXPECT_THAT(error(", model: {pin: true}", {many}), StartsWith("tiny.yaml:7:")) << "the variant's own key";
  ExperimentConfig without_places = tiny.Config("reps: 1", kResidentAndDisk);
  without_places.variants[1].model.pin = true;
  without_places.variants[1].model.threads = cores + 1;
  without_places.places.clear();
  EXPECT_THAT(ErrorOf([&] { CheckPins(without_places); }), StartsWith("tiny: variant 'disk': "));
}

TEST(CheckBuildTest, ABuildThatMayNotMeasureNeedsToBeAllowed) {
  EXPECT_EQ(ErrorOf([] { CheckBuild(true); }), "no error");
  EXPECT_EQ(ErrorOf([] { CheckBuild(false); }) == "no error", BuildMayMeasure());
}

}  // namespace run_checks_test
}  // namespace plelab
