// Rows of a table and slices of a timeline, from steps whose times are known.
#include "harness/measure/observed_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/format.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace observed_steps_test {

using ::testing::ElementsAre;

// Attention takes `ns` and reads 100 bytes, LAuReL is no part of it, rows take 2 and have 7 bytes.
ObservedStep Observed(int64_t ns) {
  ObservedStep step;
  step.times.parts = {{"attention", 0, 0, ns}, {"logits", kNoLayer, ns, 1}};
  step.times.part_ns[StepPart::kAttention] = ns;
  step.times.part_ns[StepPart::kLogits] = 1;
  step.times.rows_ns = 2;
  step.part_bytes[StepPart::kAttention] = 100;
  step.part_bytes[StepPart::kLogits] = 30;
  step.row_bytes = 7;
  return step;
}

TEST(ObservedSteps, ARowHasTheMedianOfItsPart) {
  const std::vector<ObservedStep> steps = {Observed(50), Observed(900), Observed(60)};
  const auto rows = StepPartRows("disk", 4, steps);
  ASSERT_EQ(rows.size(), 3u) << "the parts that there are, and the rows";
  for (const StepPartRow& row : rows) {
    EXPECT_EQ(row.variant, "disk");
    EXPECT_EQ(row.rep, 4);
    EXPECT_EQ(row.steps, 3);
  }
  EXPECT_EQ(rows[0].part, "attention");
  EXPECT_EQ(rows[0].time_ns, 60);
  EXPECT_EQ(rows[0].step_bytes, 100);
  EXPECT_EQ(rows[1].part, "logits");
  EXPECT_EQ(rows[1].step_bytes, 30);
  EXPECT_EQ(rows[2].part, kRowsPart);
  EXPECT_EQ(rows[2].time_ns, 2);
  EXPECT_EQ(rows[2].step_bytes, 7);
}

TEST(ObservedSteps, WithoutPartsThereAreNoRows) {
  EXPECT_TRUE(StepPartRows("gpu", 0, std::vector<ObservedStep>(3)).empty());
  EXPECT_TRUE(StepPartRows("gpu", 0, {}).empty());
}

// A viewer nests slices of a track by time, in the order of the file where two begin together.
TEST(ObservedSteps, ATimelineNestsLayersPartsAndRows) {
  const testing::FakeClock clock(/*tick_ns=*/0);
  testing::FakeClock::Add(1'000'000);
  Timeline timeline;
  StepTimes step;
  step.start_ns = 1'001'000, step.duration_ns = 9'000;
  step.parts = {{"input", kNoLayer, 1'001'000, 2'000},
                {"altup", 0, 1'003'000, 1'000},
                {"ple", 0, 1'004'000, 3'000},
                {"altup", 1, 1'007'000, 1'000},
                {"logits", kNoLayer, 1'008'000, 2'000}};
  step.rows = {{"rows", 0, 1'005'000, 500}};
  step.reads = {{"read", kNoLayer, 1'000'500, 4'500}};
  AddToTimeline(step, "disk", timeline);
  const testing::TemporaryFolder folder;
  timeline.Write(folder / "t.json");
  std::vector<std::string> slices;
  const nlohmann::json trace = nlohmann::json::parse(testing::ReadText(folder / "t.json"));
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    slices.push_back(Format("{} {} {}+{}", event["tid"].get<int>(), event["name"].get<std::string>(),
                            event["ts"].get<double>(), event["dur"].get<double>()));
  }
  EXPECT_THAT(slices, ElementsAre("0 observed step 1+9", "0 layer 0 3+4", "0 layer 1 7+1", "0 input 1+2",
                                  "0 altup 3+1", "0 ple 4+3", "0 altup 7+1", "0 logits 8+2", "0 rows 5+0.5",
                                  "1 read 0.5+4.5"));
}

}  // namespace observed_steps_test
}  // namespace plelab
