#include "harness/comparison/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <random>

#include "harness/comparison/comparison.h"
#include "harness/plan/turn_order.h"

namespace plelab {
namespace control_test {

using Ns = std::function<double(const std::string& variant, const std::string& predecessor)>;

// A run of resident, disk, mmap and resident's twin: eight repetitions of 48 steps.
Record TimedRun(const Ns& ns) {
  const std::vector<std::string> names = {"resident", "disk", "mmap", "resident@control"};
  Record record;
  for (const std::string& name : names) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "resident";
    record.variants.push_back(variant);
  }
  const std::vector<int64_t> live = {0, 1, 2, 3};
  for (int64_t rep = 0; rep < 8; ++rep) {
    TurnOrder order(Order::kWilliams, 4, 5, rep);
    std::string last = names[order.Next(live).back()];
    for (int64_t step = 0; step < 48; ++step) {
      for (const int64_t v : order.Next(live)) {
        StepRow row;
        row.variant = names[v];
        row.predecessor = last;
        row.rep = rep;
        row.step = step;
        row.step_ns = std::llround(ns(names[v], last));
        record.steps.push_back(row);
        last = names[v];
      }
    }
  }
  return record;
}

// Steps of 1 ms with noise of 20 us; `unfair_ns` is added behind mmap.
Ns Machine(double unfair_ns, double twin_ns = 0) {
  auto random = std::make_shared<std::mt19937_64>(11);
  return [=](const std::string& variant, const std::string& predecessor) {
    std::normal_distribution<double> normal(1e6, 2e4);
    return normal(*random) + (variant == "disk" ? 5e4 : 0) + (variant == "resident@control" ? twin_ns : 0) +
           (predecessor == "mmap" ? unfair_ns : 0);
  };
}

ComparisonRow Row(const std::vector<ComparisonRow>& rows, const std::string& statistic,
                  const std::string& variant) {
  for (const ComparisonRow& row : rows) {
    if (row.metric == "step_ns" && row.statistic == statistic && row.variant == variant) return row;
  }
  ADD_FAILURE() << "no " << statistic << " of " << variant;
  return {};
}

ComparisonRow CarryOverRow(const std::vector<ComparisonRow>& rows) {
  for (const ComparisonRow& row : rows) {
    if (row.statistic == "carry_over") return row;
  }
  ADD_FAILURE() << "no carry_over";
  return {};
}

TEST(Control, PassesWhereTheTwinDiffersByChance) {
  const auto rows = CompareVariants(TimedRun(Machine(0)), DesignSection{});
  EXPECT_EQ(ControlOutcome(rows), "passed");
  const ComparisonRow twin = Row(rows, "mean_difference", "resident@control");
  EXPECT_EQ(twin.control, 1);
  EXPECT_LE(std::fabs(twin.value), 5e3);
  EXPECT_GE(twin.p_corrected, twin.p);
  EXPECT_EQ(CarryOverRow(rows).control, 1);
  EXPECT_EQ(Row(rows, "mean_difference", "disk").verdict, "fail") << "50 us of 1 ms is more than 1 %";
  EXPECT_EQ(Row(rows, "mean_difference", "disk").control, 0);
}

TEST(Control, AnUnfairVariantIsCaughtThoughTheTwinIsHitAsHard) {
  const auto rows = CompareVariants(TimedRun(Machine(3e4)), DesignSection{});
  EXPECT_GT(Row(rows, "mean_difference", "resident@control").p_corrected, kControlLevel);
  EXPECT_LT(CarryOverRow(rows).p_corrected, kControlLevel);
  EXPECT_GT(CarryOverRow(rows).value, 1e4);
  EXPECT_EQ(ControlOutcome(rows), "failed");
  for (const ComparisonRow& row : rows) EXPECT_TRUE(row.verdict.empty() || row.verdict == "undecided");
}

TEST(Control, AmongManyGroupsTheUnfairOneIsStillCaught) {
  Record record;
  for (int group = 0; group < 12; ++group) {
    Record of_group = TimedRun(Machine(group == 7 ? 3e4 : 0));
    const auto rename = [&](std::string& name) {
      const size_t at = std::min(name.find('@'), name.size());
      name.insert(at, std::to_string(group));
    };
    for (VariantRow& variant : of_group.variants) {
      rename(variant.variant);
      rename(variant.baseline);
    }
    for (StepRow& step : of_group.steps) {
      rename(step.variant);
      rename(step.predecessor);
    }
    std::ranges::move(of_group.variants, std::back_inserter(record.variants));
    std::ranges::move(of_group.steps, std::back_inserter(record.steps));
  }
  const auto rows = CompareVariants(record, DesignSection{});
  EXPECT_EQ(ControlOutcome(rows), "failed") << "24 tests: 1,999 permutations could not show it";
  EXPECT_EQ(Row(rows, "mean_difference", "disk7").verdict, "undecided");
  EXPECT_EQ(Row(rows, "mean_difference", "disk6").verdict, "fail");
}

TEST(Control, ATwinThatDiffersFails) {
  const auto rows = CompareVariants(TimedRun(Machine(0, 2e4)), DesignSection{});
  EXPECT_LT(Row(rows, "mean_difference", "resident@control").p_corrected, kControlLevel);
  EXPECT_EQ(ControlOutcome(rows), "failed");
  EXPECT_EQ(Row(rows, "mean_difference", "disk").verdict, "undecided");
}

TEST(Control, IsNoneWithoutATwin) {
  Record record = TimedRun(Machine(0));
  record.variants.pop_back();
  EXPECT_EQ(ControlOutcome(CompareVariants(record, DesignSection{})), "none");
}

}  // namespace control_test
}  // namespace plelab
