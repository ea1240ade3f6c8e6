#include "harness/comparison/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/plan/turn_order.h"

namespace plelab {
namespace comparison_test {

constexpr double kMs = 1e6;

// ns of a step from (rep, step, variant, predecessor).
using Ns = std::function<double(int64_t, int64_t, const std::string&, const std::string&)>;

// Variants a (the baseline), b and c in a Williams order.
Record ThreeVariants(int64_t reps, int64_t steps, const Ns& ns) {
  const std::vector<std::string> names = {"a", "b", "c"};
  Record record;
  for (const std::string& name : names) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "a";
    record.variants.push_back(variant);
  }
  for (int64_t rep = 0; rep < reps; ++rep) {
    TurnOrder order(Order::kWilliams, 3, 1, rep);
    std::string last = names[order.Next(std::vector<int64_t>{0, 1, 2}).back()];
    for (int64_t step = 0; step < steps; ++step) {
      for (const int64_t v : order.Next(std::vector<int64_t>{0, 1, 2})) {
        StepRow row;
        row.variant = names[v];
        row.predecessor = last;
        row.rep = rep;
        row.step = step;
        row.step_ns = std::llround(ns(rep, step, names[v], last));
        record.steps.push_back(row);
        last = names[v];
      }
    }
    for (const std::string& name : names) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      row.ttft_ns = name == "b" ? 30'000'000 + rep : 20'000'000;
      row.prefill_ns = name == "b" ? 9'000'000 : 10'000'000;
      record.reps.push_back(row);
    }
  }
  return record;
}

ComparisonRow Find(const std::vector<ComparisonRow>& rows, const std::string& metric,
                   const std::string& variant, const std::string& statistic) {
  const auto row = std::ranges::find_if(rows, [&](const ComparisonRow& r) {
    return r.metric == metric && r.variant == variant && r.statistic == statistic;
  });
  if (row != rows.end()) return *row;
  ADD_FAILURE() << "no row " << metric << " " << variant << " " << statistic;
  return {};
}

// b takes 11 ms, more by 0.1 ms in each later repetition; a and c take 10 ms.
double Growing(int64_t rep, int64_t, const std::string& variant, const std::string&) {
  return variant == "b" ? 11 * kMs + 0.1 * kMs * static_cast<double>(rep) : 10 * kMs;
}

bool IsLevel(const ComparisonRow& row) {
  const std::string& s = row.statistic;
  return s == "mean" || s == "median" || s == "p95" || s == "p99";
}

TEST(Comparison, DifferencesAndRatiosAreThoseOfRepetitionMeans) {
  const auto rows = CompareVariants(ThreeVariants(5, 12, Growing), DesignSection{});
  const ComparisonRow mean = Find(rows, "step_ns", "b", "mean_difference");
  EXPECT_NEAR(mean.value, 1.2 * kMs, 1);
  // Student: 2.7764 · sd(0, 0.1, …, 0.4) / √5, sd = √0.025.
  EXPECT_NEAR(mean.high - mean.low, 2 * 2.7764451 * std::sqrt(0.025 / 5) * kMs, 10);
  EXPECT_NEAR(mean.margin, 0.1 * kMs, 1) << "1 % of the baseline's 10 ms";
  EXPECT_EQ(mean.verdict, "fail");
  EXPECT_EQ(mean.reps, 5);
  EXPECT_EQ(mean.steps, 60);
  EXPECT_NEAR(Find(rows, "step_ns", "b", "median_difference").value, 1.2 * kMs, 1);
  EXPECT_NEAR(Find(rows, "step_ns", "b", "direct_difference").value, 1.2 * kMs, 10);
  const ComparisonRow ratio = Find(rows, "step_ns", "b", "ratio");
  EXPECT_NEAR(ratio.value, std::pow(1.1 * 1.11 * 1.12 * 1.13 * 1.14, 0.2), 1e-9) << "the geometric mean";
  EXPECT_EQ(ratio.margin, 0.01);
  EXPECT_EQ(ratio.verdict, "fail");
  EXPECT_EQ(Find(rows, "step_ns", "c", "mean_difference").value, 0);
  EXPECT_EQ(Find(rows, "step_ns", "c", "mean_difference").verdict, "pass");
  EXPECT_NEAR(Find(rows, "step_ns", "b", "mean").value, 11.2 * kMs, 1);
  EXPECT_NEAR(Find(rows, "ttft_ns", "b", "mean_difference").value, 10 * kMs + 2, 1e-3);
  EXPECT_NEAR(Find(rows, "prefill_ns", "b", "ratio").value, 0.9, 1e-9);
}

TEST(Comparison, LevelsAreThoseOfAllStepsAndOfTheRepetitionsMedians) {
  // Repetition r of b: 3 steps of 10 + r ms and one of 50 ms.
  const auto rows = CompareVariants(
      ThreeVariants(6, 4,
                    [](int64_t rep, int64_t step, const std::string& variant, const std::string&) {
                      return variant != "b" ? 10 * kMs : step == 3 ? 50 * kMs : (10 + rep) * kMs;
                    }),
      DesignSection{});
  EXPECT_NEAR(Find(rows, "step_ns", "b", "mean").value, (3 * 12.5 + 50) / 4 * kMs, 1);
  const ComparisonRow median = Find(rows, "step_ns", "b", "median");
  EXPECT_NEAR(median.value, 12.5 * kMs, 1) << "of 10 … 15";
  EXPECT_NEAR(median.low, 10 * kMs, 1) << "six repetitions: from the least to the greatest";
  EXPECT_NEAR(median.high, 15 * kMs, 1);
  EXPECT_NEAR(Find(rows, "step_ns", "b", "p95").value, 50 * kMs, 1);
}

TEST(Comparison, TheBaselineIsComparedWithNothing) {
  const auto rows = CompareVariants(ThreeVariants(5, 12, Growing), DesignSection{});
  for (const ComparisonRow& row : rows) {
    EXPECT_TRUE(row.variant != "a" || IsLevel(row)) << row.statistic;
  }
}

TEST(Comparison, WhatCarriesOverIsTakenOutAndDecidesNothing) {
  // Whoever follows c waits 2 ms; b and c are no slower themselves.
  const auto rows =
      CompareVariants(ThreeVariants(6, 40,
                                    [](int64_t, int64_t, const std::string&, const std::string& before) {
                                      return (before == "c" ? 12 : 10) * kMs;
                                    }),
                      DesignSection{});
  const ComparisonRow plain = Find(rows, "step_ns", "c", "mean_difference");
  const ComparisonRow direct = Find(rows, "step_ns", "c", "direct_difference");
  EXPECT_LT(plain.value, -0.8 * kMs) << "c never follows itself, so it looks faster";
  EXPECT_NEAR(direct.value, 0, 10);
  EXPECT_EQ(plain.verdict, "undecided");
  EXPECT_EQ(direct.verdict, "undecided");
  EXPECT_EQ(Find(rows, "step_ns", "c", "median_difference").verdict, "undecided");
  EXPECT_EQ(Find(rows, "step_ns", "c", "ratio").verdict, "undecided");
}

TEST(Comparison, NorDoesADifferenceOfTails) {
  const auto rows = CompareVariants(
      ThreeVariants(10, 1024,
                    [](int64_t, int64_t, const std::string& variant, const std::string& before) {
                      return (before == "c" ? 12 : 10) * kMs + (variant == "c" ? 5 * kMs : 0);
                    }),
      DesignSection{});
  const ComparisonRow tail = Find(rows, "step_ns", "c", "p99_difference");
  EXPECT_GT(tail.low, tail.margin);
  EXPECT_EQ(tail.verdict, "undecided");
}

TEST(Comparison, AVariantThatFailedTakesNoRowFromTheOthers) {
  Record record = ThreeVariants(6, 40, Growing);
  VariantRow failed;
  failed.variant = "d";
  failed.baseline = "a";
  failed.status = "failed";
  record.variants.push_back(failed);
  const ComparisonRow direct =
      Find(CompareVariants(record, DesignSection{}), "step_ns", "b", "direct_difference");
  EXPECT_NEAR(direct.value, 1.25 * kMs, 10);
  EXPECT_EQ(direct.reps, 6);
}

TEST(Comparison, BelowFiveRepetitionsThereIsNoIntervalAndNoVerdict) {
  const auto rows = CompareVariants(ThreeVariants(4, 12, Growing), DesignSection{});
  const ComparisonRow mean = Find(rows, "step_ns", "b", "mean_difference");
  EXPECT_NEAR(mean.value, 1.15 * kMs, 1);
  EXPECT_TRUE(std::isnan(mean.low));
  EXPECT_EQ(mean.verdict, "undecided");
}

TEST(Comparison, AFailedVariantHasNoRows) {
  Record record = ThreeVariants(5, 12, Growing);
  record.variants[1].status = "failed";
  for (const ComparisonRow& row : CompareVariants(record, DesignSection{})) {
    EXPECT_TRUE(row.variant != "b" || IsLevel(row)) << row.statistic;
  }
}

TEST(Comparison, ABaselineThatFailedAfterSomeRepetitionsDecidesNothing) {
  Record record = ThreeVariants(5, 12, Growing);
  record.variants[0].status = "failed";
  for (const ComparisonRow& row : CompareVariants(record, DesignSection{})) {
    EXPECT_TRUE(row.verdict.empty()) << row.variant << " " << row.statistic;
    EXPECT_TRUE(IsLevel(row)) << row.variant << " " << row.statistic;
  }
}

TEST(Comparison, TheHalfWidthOfTheStopRuleIsThatOfTheMeanDifference) {
  const Record record = ThreeVariants(5, 12, Growing);
  EXPECT_NEAR(RelativeHalfWidth(record.steps, "b", "a"), 2.7764451 * std::sqrt(0.025 / 5) / 10, 1e-6);
  EXPECT_TRUE(std::isnan(RelativeHalfWidth(ThreeVariants(4, 12, Growing).steps, "b", "a")));
}

}  // namespace comparison_test
}  // namespace plelab
