// Whether a 95 % interval holds the truth in 95 % of runs, by simulation.  Prints the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "harness/run/time_phase.h"
#include "harness/statistics/hodges_lehmann.h"
#include "harness/statistics/student.h"
#include "harness/statistics/tail.h"
#include "harness/statistics/welch.h"

namespace plelab {
namespace coverage_test {

constexpr int kRuns = 4000;
constexpr double kTruth_ms = 0.05;  // how much slower the variant is, without stalls

// The machine: steps of about 10 ms with noise of 0.2 ms, which is a first-order autoregression; each
// repetition shifts each side by up to some 0.1 ms; a turn stalls for 150 ms with a small probability.
struct Machine {
  double autocorrelation = 0;
  double rep_ms = 0.1;
  int64_t steps = 48;                                    // of a repetition
  double stalls_of_variant = 0, stalls_of_baseline = 0;  // per turn
};

Series Simulate(const Machine& machine, double mean_ms, double stalls, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const double level = mean_ms + machine.rep_ms * normal(random);
  const double kick = std::sqrt(1 - machine.autocorrelation * machine.autocorrelation);
  double noise = normal(random);
  Series steps(machine.steps);
  for (double& step : steps) {
    step = level + 0.2 * noise + (uniform(random) < stalls ? 150 : 0);
    noise = machine.autocorrelation * noise + kick * normal(random);
  }
  return steps;
}

struct Pair {
  std::vector<Series> variant, baseline;
  std::vector<double> Differences() const {
    std::vector<double> differences;
    for (size_t i = 0; i < variant.size(); ++i) differences.push_back(Mean(variant[i]) - Mean(baseline[i]));
    return differences;
  }
};

Pair SimulateRun(const Machine& machine, int64_t reps, std::mt19937_64& random) {
  Pair run;
  for (int64_t rep = 0; rep < reps; ++rep) {
    run.variant.push_back(Simulate(machine, 10 + kTruth_ms, machine.stalls_of_variant, random));
    run.baseline.push_back(Simulate(machine, 10, machine.stalls_of_baseline, random));
  }
  return run;
}

double Truth(const Machine& machine) {
  return kTruth_ms + 150 * (machine.stalls_of_variant - machine.stalls_of_baseline);
}

bool Holds(const Interval& interval, double truth) { return interval.low <= truth && truth <= interval.high; }

// The share of runs whose interval of `mean_difference` holds the truth.
double Coverage(const Machine& machine, int64_t reps) {
  std::mt19937_64 random(7 * reps);
  int held = 0;
  for (int i = 0; i < kRuns; ++i) {
    held +=
        Holds(MeanOfReps(SimulateRun(machine, reps, random).Differences()).interval, Truth(machine)) ? 1 : 0;
  }
  const double coverage = static_cast<double>(held) / kRuns;
  std::printf("  autocorrelation %.1f  stalls %.4f / %.4f  repetitions %2d  coverage %.3f\n",
              machine.autocorrelation, machine.stalls_of_variant, machine.stalls_of_baseline,
              static_cast<int>(reps), coverage);
  return coverage;
}

TEST(Coverage, MeanDifferenceHoldsWithAutocorrelationAndRepetitionEffects) {
  for (const double autocorrelation : {0.0, 0.3, 0.6, 0.9}) {
    for (const int64_t reps : {5, 10, 20}) {
      const double coverage = Coverage({.autocorrelation = autocorrelation}, reps);
      EXPECT_GE(coverage, 0.93);
      EXPECT_LE(coverage, 0.97);
    }
  }
}

TEST(Coverage, MeanDifferenceHoldsWithStallsThatHitBothAlike) {
  for (const double stalls : {0.001, 0.01}) {
    for (const int64_t reps : {5, 10, 20}) {
      const Machine machine{.stalls_of_variant = stalls, .stalls_of_baseline = stalls};
      EXPECT_GE(Coverage(machine, reps), 0.93);
    }
  }
}

// An interval of few repetitions cannot know of stalls that it has not seen.
TEST(Coverage, RareStallsOfOneSideBreakItAndAreFlaggedByTheTail) {
  const Machine machine{.stalls_of_variant = 0.0005};
  EXPECT_LT(Coverage(machine, 10), 0.93);
  std::mt19937_64 random(1);
  int stalled = 0, flagged = 0;
  for (int i = 0; i < 200; ++i) {
    const Pair run = SimulateRun(machine, 10, random);
    if (Mean(run.Differences()) < 0.2) continue;  // no stall in this run: one alone makes 0.3 ms
    ++stalled;
    flagged += TailShare(run.variant, run.baseline) > 0.5 ? 1 : 0;
  }
  EXPECT_GT(stalled, 20);
  EXPECT_GE(flagged, stalled * 9 / 10);
}

// The stop rule looks at the interval after each repetition from the tenth on.
TEST(Coverage, MeanDifferenceHoldsWhereTheStopRuleEndedTheRun) {
  constexpr int64_t kMostReps = 60;
  const Machine machine{.steps = 4};
  std::mt19937_64 random(5);
  for (const double wanted_ms : {0.06, 0.08, 0.1}) {
    int held = 0;
    int64_t reps = 0;
    for (int i = 0; i < kRuns; ++i) {
      std::vector<double> differences = SimulateRun(machine, kRepsBeforeStopping, random).Differences();
      TestedMean mean = MeanOfReps(differences);
      while ((mean.interval.high - mean.interval.low) / 2 > wanted_ms &&
             std::ssize(differences) < kMostReps) {
        differences.push_back(SimulateRun(machine, 1, random).Differences().front());
        mean = MeanOfReps(differences);
      }
      held += Holds(mean.interval, kTruth_ms) ? 1 : 0;
      reps += std::ssize(differences);
    }
    std::printf("  stop at a half width of %.2f ms: %.1f repetitions, coverage %.3f\n", wanted_ms,
                static_cast<double>(reps) / kRuns, static_cast<double>(held) / kRuns);
    EXPECT_GE(static_cast<double>(held) / kRuns, 0.92);
  }
}

// Two results that were measured at different times, with different numbers of repetitions, one of them on a
// machine that varies more.
TEST(Coverage, UnpairedDifferenceOfTwoResultsHolds) {
  for (const auto& [reps_a, reps_b] : {std::pair<int64_t, int64_t>{5, 5}, {5, 20}, {10, 10}, {20, 10}}) {
    for (const double rep_ms : {0.1, 0.4}) {
      const Machine steady{.autocorrelation = 0.6};
      const Machine other{.autocorrelation = 0.6, .rep_ms = rep_ms};
      std::mt19937_64 random(13 * reps_a + reps_b);
      int held = 0;
      for (int i = 0; i < kRuns; ++i) {
        std::vector<double> a, b;
        for (int64_t rep = 0; rep < reps_a; ++rep) a.push_back(Mean(Simulate(steady, 10, 0, random)));
        for (int64_t rep = 0; rep < reps_b; ++rep) {
          b.push_back(Mean(Simulate(other, 10 + kTruth_ms, 0, random)));
        }
        held += Holds(UnpairedDifference(a, b).interval, kTruth_ms) ? 1 : 0;
      }
      const double coverage = static_cast<double>(held) / kRuns;
      std::printf("  unpaired: %2d and %2d repetitions, theirs vary by %.1f and %.1f ms  coverage %.3f\n",
                  static_cast<int>(reps_a), static_cast<int>(reps_b), steady.rep_ms, other.rep_ms, coverage);
      EXPECT_GE(coverage, 0.93);
      EXPECT_LE(coverage, 0.97);
    }
  }
}

TEST(Coverage, MedianDifferenceHoldsTheShift) {
  std::mt19937_64 random(3);
  const Machine machine{.autocorrelation = 0.6, .stalls_of_variant = 0.001, .stalls_of_baseline = 0.001};
  int held = 0;
  for (int i = 0; i < kRuns; ++i) {
    const Pair run = SimulateRun(machine, 10, random);
    std::vector<double> medians;
    for (size_t rep = 0; rep < run.variant.size(); ++rep) {
      medians.push_back(Quantile(run.variant[rep], 0.5) - Quantile(run.baseline[rep], 0.5));
    }
    held += Holds(HodgesLehmann(medians), kTruth_ms) ? 1 : 0;
  }
  EXPECT_GE(static_cast<double>(held) / kRuns, 0.93);
  EXPECT_LE(static_cast<double>(held) / kRuns, 0.97);
}

}  // namespace coverage_test
}  // namespace plelab
