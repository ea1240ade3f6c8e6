#include "harness/results/detectable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/results/design_text.h"
#include "tests/harness/results/two_results.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace detectable_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SetMeta;
using testing::TimedRecord;
using testing::TinyRun;

// The twin differs from its baseline by 0, 2, 4, 6, 8 µs, disk by 0.5 ms and 0, 10, … µs.
Record Measured() {
  return TimedRecord({.ns = [](const std::string& variant, int64_t rep, int64_t step) -> int64_t {
    const int64_t base = 1'000'000 + (step % 2) * 200;
    return base + (variant == "disk" ? 500'000 + 10'000 * rep : variant == "resident" ? 0 : 2'000 * rep);
  }});
}

// Bloom's multiple of the standard error with ten repetitions (power_test.cpp).
constexpr double kTenReps = 0.9947137350096734;

TEST(Detectable, IsToldFromTheTwinOfTheBaseline) {
  const auto found = DetectableIn(Measured(), "resident", 10);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pair, "resident@control");
  EXPECT_NEAR(found->difference_ns, kTenReps * 2'000 * std::sqrt(2.5), 1e-3) << "sd of 0, 2, 4, 6, 8 µs";
  EXPECT_NEAR(found->share_of_step, found->difference_ns / 1'000'100, 1e-12);
  EXPECT_EQ(found->reps, 5);
  EXPECT_EQ(found->steps_per_rep, 4);
}

TEST(Detectable, WithoutATwinItIsToldFromTheVariantThatVariesMost) {
  Record record = Measured();
  record.variants.pop_back();
  VariantRow steady = record.variants[1];
  steady.variant = "resident@control";  // the same steps under a name that is no twin's
  steady.baseline = "disk";
  record.variants.push_back(steady);
  const auto found = DetectableIn(record, "resident", 10);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pair, "disk");
  EXPECT_NEAR(found->difference_ns, kTenReps * 10'000 * std::sqrt(2.5), 1e-3);
}

TEST(Detectable, APilotReadsNothingOfTheReferenceFile) {
  const TinyRun tiny;
  ExperimentConfig config = tiny.Config("reps: 10", "  - {name: disk, ple: {strategy: disk}}\n");
  config.page_cache.reference = config.variants[0].page_cache.reference = "unread.bin";
  const ExperimentConfig pilot = PilotOf(config);
  EXPECT_EQ(pilot.page_cache.reference + pilot.variants[0].page_cache.reference, "");
}

TEST(Detectable, IsUnknownWithoutSuchAPair) {
  EXPECT_FALSE(DetectableIn(Measured(), "disk", 10)) << "nothing is compared with disk";
  EXPECT_FALSE(DetectableIn(Measured(), "cached", 10));
  EXPECT_FALSE(DetectableIn(TimedRecord({.reps = 1, .ns = [](auto&&...) { return 1000; }}), "resident", 10));
}

TEST(Detectable, APilotIsShortAndItsConfigIsWhole) {
  const TinyRun tiny;
  ExperimentConfig config =
      tiny.Config("reps: 30, processes: 7, memory_reps: 2, stop: {rel_half_width: 1%}", testing::kSixVariants,
                  "accuracy: {trace: " + tiny.trace() + ", context: 16, max_tokens: 64}\n");
  config.workload.decode_tokens = 500;
  config.variants[1].workload.decode_tokens = 20;
  const ExperimentConfig pilot = PilotOf(config);
  EXPECT_EQ(pilot.design.reps, 5);
  EXPECT_EQ(pilot.design.processes, 5);
  EXPECT_EQ(pilot.design.memory_reps, 0);
  EXPECT_EQ(pilot.design.stop.rel_half_width, 0);
  EXPECT_FALSE(pilot.accuracy.enabled);
  EXPECT_EQ(pilot.workload.decode_tokens, 64);
  EXPECT_EQ(pilot.variants[1].workload.decode_tokens, 20) << "what is shorter stays";
  const ExperimentConfig read = ParseExperimentConfig(pilot.resolved_yaml, "pilot.yaml");
  EXPECT_EQ(read.design.reps, 5);
  EXPECT_EQ(read.workload.decode_tokens, 64);
  EXPECT_FALSE(read.accuracy.enabled);
}

// Runs in a folder of its own, because results are looked for under the working directory.
class LastRun : public ::testing::Test {
 protected:
  LastRun() : before_(fs::current_path()) {
    fs::current_path(folder_.path());
    fs::create_directories("results/findings");
  }
  ~LastRun() override { fs::current_path(before_); }

  void Write(const std::string& path, const std::string& config, int hours_ago, Record record = Measured()) {
    SetMeta(record, "config", config);
    WriteRecord(path, record);
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
  }

 private:
  testing::TemporaryFolder folder_;
  fs::path before_;
};

TEST_F(LastRun, IsTheNewestOfThisConfigThatTimedSteps) {
  EXPECT_FALSE(LastRunOf("two"));
  Write("results/findings/two.h5", "two", 0);
  EXPECT_EQ(LastRunOf("two")->source, "results/findings/two.h5");
  Write("results/two_b.h5", "two", 5);
  Write("results/two_a.h5", "two", 2);
  EXPECT_EQ(LastRunOf("two")->source, "results/two_a.h5") << "before the findings, and by its time";
  Write("results/two_other_c.h5", "two_other", 1);
  Record untimed = Measured();
  untimed.steps.clear();
  Write("results/two_untimed.h5", "two", 0, untimed);
  testing::WriteText("results/two_damaged.h5", "\x89HDF\r\n\x1a\n and no more");
  EXPECT_EQ(LastRunOf("two")->source, "results/two_a.h5");
  EXPECT_EQ(LastRunOf("two")->record.steps.size(), 60u);
}

std::string Design(const TinyRun& tiny, const std::string& design, const std::string& variants,
                   const std::optional<EarlierRun>& earlier = std::nullopt) {
  return DesignText(ResolvePlan(tiny.Config(design, variants)), earlier);
}

TEST(DesignText, ShowsOrderRepetitionsControlsAndGroups) {
  const TinyRun tiny;
  const std::string text =
      Design(tiny, "reps: 9, processes: 3, warmup_steps: 2, seed: 5, settle: 300us", testing::kSixVariants);
  EXPECT_THAT(text,
              HasSubstr("order: williams, turns step by step, each follows each other one equally often "
                        "(seed 5)\n"));
  EXPECT_THAT(text, HasSubstr("repetitions: 9, in 3 processes; at least 300 us between turns\n"));
  EXPECT_THAT(text, HasSubstr("controls: resident@control; predecessor × variant"));
  EXPECT_THAT(text, HasSubstr("group 1 of 1: 6 variants, baseline 'resident' (float32, 1 thread, page cache "
                              "as_is)\n    resident cached pread mmap waiting dropped\n"));
  EXPECT_THAT(text, HasSubstr("unknown: no earlier run of this config; --pilot measures one"));
}

TEST(DesignText, ShowsEachGroupWithItsOwnBaseline) {
  const TinyRun tiny;
  const std::string text = Design(tiny, "control: false, order: shuffled, processes: 1",
                                  "  - {name: resident, ple: {strategy: resident}}\n"
                                  "  - {name: dropped, ple: {strategy: dropped}}\n"
                                  "  - {name: disk, ple: {strategy: disk}, model: {threads: 2}}\n");
  EXPECT_THAT(text, AllOf(HasSubstr("order: shuffled"), HasSubstr("in 1 process; at least"),
                          HasSubstr("one variant: nothing is compared"), HasSubstr("controls: none"),
                          HasSubstr("group 1 of 2: 2 variants, baseline 'resident'"),
                          HasSubstr("group 2 of 2: 1 variant, baseline 'disk' (float32, 2 threads")));
}

TEST(DesignText, ShowsTheSmallestDifferenceInMicrosecondsAndPercent) {
  const TinyRun tiny;
  const EarlierRun earlier{"results/two_a.h5", Measured()};
  const std::string ten = Design(tiny, "reps: 10", testing::kSixVariants, earlier);
  // 0.99471 · 2 µs · √2.5 = 3.146 µs of a step of 1 ms.
  EXPECT_THAT(ten, HasSubstr("smallest difference: 3.15 µs, 0.31 % of a step, found with 80 % probability"));
  EXPECT_THAT(ten, HasSubstr("(as 'resident@control' varies in results/two_a.h5, 5 repetitions of 4 steps)"));
  EXPECT_THAT(Design(tiny, "reps: 4", testing::kSixVariants, earlier),
              AllOf(HasSubstr("none, because below 5 repetitions"), Not(HasSubstr("µs"))));
  const std::string renamed =
      "  - {name: r, ple: {strategy: resident}}\n  - {name: d, ple: {strategy: disk}}\n";
  EXPECT_THAT(Design(tiny, "reps: 10", renamed, earlier),
              HasSubstr("unknown: results/two_a.h5 has no two variants of this group"));
}

TEST(DesignText, AProcessForEachVariantHasNoTurns) {
  const TinyRun tiny;
  const std::string text = Design(tiny, "isolate: process, reps: 6", testing::kSixVariants);
  EXPECT_THAT(text, HasSubstr("order: a process for each variant and repetition"));
  EXPECT_THAT(text, HasSubstr("controls: none"));
}

}  // namespace detectable_test
}  // namespace plelab
