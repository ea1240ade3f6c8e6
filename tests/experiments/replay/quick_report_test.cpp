#include "experiments/replay/quick_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace plelab {
namespace {

constexpr double kMs = 1e6;

// A point whose variant costs `cost` [low, high] ms and whose twin reaches ± `floor` ms, with a margin of 1
// %.
StepTimePoint PointOf(double step_ms, Interval cost, double floor) {
  const auto contrast = [&](const std::string& name, Interval ms) {
    ReplayContrast c;
    c.variant = name;
    c.baseline = "resident";
    c.mean_ns = c.p50_ns = step_ms * kMs;
    c.difference_ns = {ms.value * kMs, ms.low * kMs, ms.high * kMs};
    c.verdict = MarginVerdict(c.difference_ns, 0.01 * step_ms * kMs);
    return c;
  };
  return {step_ms,
          {contrast("resident", {kNan, kNan, kNan}), contrast("disk", cost),
           contrast("twin", {0, -floor, floor})}};
}

const StepTimePoint kCosts = PointOf(1, {0.1, 0.09, 0.11}, 0.005);
const StepTimePoint kWithin = PointOf(20, {0.05, 0.02, 0.08}, 0.02);

QuickReport ReportOf(std::vector<StepTimePoint> points) {
  QuickReport report{
      .storage = "a disk", .table = "a table", .rows_from = "disk,backend=direct", .baseline = "resident"};
  report.row_bytes = 15'360;
  report.layers = 30;
  report.costs = {{.backend = "pread", .state = "cold", .p50_ns = 0.3 * kMs},
                  {.backend = "pread", .state = "warm", .p50_ns = 0.004 * kMs},
                  {.backend = "direct", .state = "cold", .p50_ns = 0.24 * kMs, .p99_ns = 2 * kMs},
                  {.backend = "direct", .state = "cold", .depth = 32, .p50_ns = 3 * kMs},
                  {.backend = "io_uring", .state = "cold", .skipped = "forbidden here"}};
  report.hits = {{.policy = "lru", .cache_bytes = 16 << 20, .rows = 1092, .lookups = 100, .hit_rate = 0.5}};
  report.points = std::move(points);
  return report;
}

TEST(QuickReport, APointCostsWhereItsIntervalLiesBeyondTheMarginAndTheControl) {
  EXPECT_EQ(SaysOf(kCosts), PlacementSays::kCosts);
  EXPECT_EQ(SaysOf(kWithin), PlacementSays::kWithin);
  EXPECT_EQ(SaysOf(PointOf(1, {0.1, 0.005, 0.2}, 0.005)), PlacementSays::kUndecided);
  EXPECT_EQ(SaysOf(PointOf(1, {0.1, 0.09, 0.11}, 0.12)),
            PlacementSays::kUndecided);  // the twin moved as much
  EXPECT_EQ(SaysOf(PointOf(20, {0.05, 0.02, 0.08}, 0.5)),
            PlacementSays::kUndecided);  // could not have been seen
  StepTimePoint stretched = kCosts;
  stretched.contrasts[0].p50_ns *= 1.3;  // not a step of the length that was asked for
  EXPECT_EQ(SaysOf(stretched), PlacementSays::kUndecided);
  stretched.contrasts[0].p50_ns = 0.7 * kMs;
  EXPECT_EQ(SaysOf(stretched), PlacementSays::kUndecided);
  EXPECT_EQ(SaysOf(PointOf(1, {-0.1, -0.11, -0.09}, 0.005)), PlacementSays::kUndecided);  // faster: no cost
}

TEST(QuickReport, TheThresholdLiesBetweenTheLastThatCostsAndTheFirstFromWhichNoneDoes) {
  const StepTimePoint unsure = PointOf(5, {0.05, -0.2, 0.3}, 0.2);
  const PlacementThreshold found = ThresholdOf({kCosts, unsure, kWithin});
  EXPECT_EQ(found.costs_up_to_ms, 1);
  EXPECT_EQ(found.within_from_ms, 20);
  EXPECT_TRUE(std::isnan(ThresholdOf({kWithin}).costs_up_to_ms));
  EXPECT_TRUE(std::isnan(ThresholdOf({kCosts}).within_from_ms));
  EXPECT_TRUE(std::isnan(ThresholdOf({PointOf(2, {0.005, 0, 0.01}, 0.001), unsure}).within_from_ms));
}

TEST(QuickReport, AReadIsHiddenWhereTheFirstLayerTakesAsLong) {
  EXPECT_DOUBLE_EQ(HiddenFromMs(0.24 * kMs, 30), 7.2);
}

TEST(QuickReport, TheConclusionNamesTheCostTheHidingStepAndTheThreshold) {
  const std::string said = QuickConclusion(ReportOf({kCosts, kWithin}));
  for (const char* part :
       {"0.240 ms cold (direct", "p99 2.000", "0.004 ms from the page cache", "7.200 ms and more",
        "more than 1 % of a step of 1 ms", "from 20 ms on it is within 1 %"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << " in: " << said;
  }
  EXPECT_EQ(said.find("busy"), std::string::npos);
}

TEST(QuickReport, ABusyMachineIsSaid) {
  StepTimePoint slow = kWithin;
  slow.contrasts[0].p50_ns *= 3;
  const std::string said = QuickConclusion(ReportOf({kCosts, slow}));
  EXPECT_EQ(said.find("This machine was busy"), 0u) << said;
  EXPECT_NE(said.find("took 3.0 times as long"), std::string::npos) << said;
}

TEST(QuickReport, NothingIsClaimedThatWasNotFound) {
  const std::string said = QuickConclusion(ReportOf({PointOf(1, {0.1, -0.2, 0.4}, 0.5)}));
  EXPECT_NE(said.find("No step of 1 ms or more was found"), std::string::npos) << said;
  EXPECT_NE(said.find("none was shown to be within it"), std::string::npos) << said;
}

TEST(QuickReport, LinesFitAHundredColumns) {
  QuickReport report = ReportOf({kCosts, kWithin, PointOf(200, {-123.456, -234.567, 345.678}, 99)});
  report.hits.assign(5, report.hits[0]);
  std::istringstream lines(QuickText(report));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 102u) << line;  // ± has two bytes
}

TEST(QuickReport, ASkippedBackendSaysWhy) {
  EXPECT_NE(QuickText(ReportOf({kCosts})).find("forbidden here"), std::string::npos);
}

}  // namespace
}  // namespace plelab
