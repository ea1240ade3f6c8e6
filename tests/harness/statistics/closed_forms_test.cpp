// Statistics of small, lopsided inputs whose values can be found by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/statistics/carry_over.h"
#include "harness/statistics/direct_effects.h"
#include "harness/statistics/hodges_lehmann.h"
#include "harness/statistics/student.h"
#include "harness/statistics/tail.h"

namespace plelab {
namespace closed_forms_test {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Three variants take a turn in each step; 1 and 2 always take 20 and 30, so that the median of a step is
// theirs. Variant 0 takes 10 + `extra`, after variant `before`.
struct OwnTurn {
  int64_t before;
  double extra;
};
RepTurns TurnsOfZero(const std::vector<OwnTurn>& turns, int64_t zero = 0) {
  RepTurns rep;
  for (int64_t step = 0; step < std::ssize(turns); ++step) {
    const int64_t one = zero == 0 ? 1 : 0;
    rep.push_back({step, zero, turns[step].before, 10 + turns[step].extra});
    rep.push_back({step, one, zero, 20});
    rep.push_back({step, 2, zero, 30});
  }
  return rep;
}

// After 1 it takes 7, 8, 9 more and after 2 it takes 0, 1, 2 more.
TEST(ClosedForms, TheLargestEffectIsACellsMeanAgainstItsVariants) {
  const RepTurns rep = TurnsOfZero({{1, 7}, {2, 0}, {1, 8}, {2, 1}, {1, 9}, {2, 2}, {1, 8}});
  // The mean of 7, 0, 8, 1, 9, 2, 8 is 5: after 1 it is 8, which is 3 above; after 2 it is 1, 4 below.
  const CarryOver found = TestCarryOver({rep}, 3, 99, 1);
  EXPECT_EQ(found.variant, 0);
  EXPECT_EQ(found.predecessor, 2);
  EXPECT_NEAR(found.effect_ns, -4, 1e-12);
  const RepTurns turned = TurnsOfZero({{2, -7}, {0, 0}, {2, -8}, {0, -1}, {2, -9}, {0, -2}, {2, -8}}, 1);
  const CarryOver other = TestCarryOver({turned}, 3, 99, 1);
  EXPECT_EQ(other.variant, 1);
  EXPECT_EQ(other.predecessor, 0);
  EXPECT_NEAR(other.effect_ns, 4, 1e-12);
}

// Of the 20 ways to give six turns two predecessors three times each, two separate them as far.
TEST(ClosedForms, ThePValueIsTheShareOfOrdersThatSeparateAsFar) {
  const RepTurns apart = TurnsOfZero({{1, 5}, {2, 0}, {1, 6}, {2, 1}, {1, 7}, {2, 2}});
  EXPECT_NEAR(TestCarryOver({apart}, 3, 9'999, 3).p, 0.1, 0.015);
  // Two such repetitions are permuted apart: 1/400 each way, together 2/400.
  EXPECT_NEAR(TestCarryOver({apart, apart}, 3, 9'999, 3).p, 0.005, 0.003);
  const RepTurns same = TurnsOfZero({{1, 0}, {2, 0}, {1, 3}, {2, 3}, {1, 6}, {2, 6}});
  EXPECT_EQ(TestCarryOver({same}, 3, 999, 3).p, 1) << "no order separates less";
  const RepTurns half = TurnsOfZero({{1, 0}, {2, 1}, {1, 2}, {2, 3}, {1, 4}, {2, 5}});
  // Subsets of {0, …, 5} of three whose sum is at least 1.5 from 7.5: all but the three of 7 and three of 8.
  EXPECT_NEAR(TestCarryOver({half}, 3, 9'999, 3).p, 14.0 / 20, 0.02);
}

TEST(ClosedForms, AStallCountsAsThreeInterquartileRanges) {
  // Extras −2 … 2 and a stall: the median of {−2, −1, 0, 1, 2, 1e6} is 0.5, its quartiles −0.75 and 1.75, so
  // that the stall counts as 7.5 above the median.
  const RepTurns rep = TurnsOfZero({{1, -2}, {2, -1}, {2, 0}, {2, 1}, {2, 2}, {1, 1e6}});
  const double mean = (-2.5 - 1.5 - 0.5 + 0.5 + 1.5 + 7.5) / 6;
  const CarryOver found = TestCarryOver({rep}, 3, 99, 1);
  EXPECT_EQ(found.predecessor, 1);
  EXPECT_NEAR(found.effect_ns, (-2.5 + 7.5) / 2 - mean, 1e-9);
}

// ns = 3 step + {5, 11, 2}[variant] + {0, 7, −4}[predecessor]: the effects are exact whatever the order.
TEST(ClosedForms, DirectEffectsAreTheVariantsOwn) {
  const double own[] = {5, 11, 2}, left[] = {0, 7, -4};
  RepTurns turns;
  const int64_t order[][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 0, 1}, {2, 1, 0}, {1, 2, 0}};
  int64_t before = 2;
  for (int64_t step = 0; step < 12; ++step) {
    for (const int64_t v : order[step % 6]) {
      turns.push_back({step, v, before, 3.0 * static_cast<double>(step) + own[v] + left[before]});
      before = v;
    }
  }
  const std::vector<double> effects = DirectEffects(turns, 3);
  EXPECT_NEAR(effects[1] - effects[0], 6, 1e-9);
  EXPECT_NEAR(effects[2] - effects[0], -3, 1e-9);
}

TEST(ClosedForms, StudentAtItsEnds) {
  EXPECT_EQ(StudentCdf(0, 7), 0.5);
  EXPECT_EQ(StudentCdf(kInfinity, 3), 1);
  EXPECT_EQ(StudentCdf(-kInfinity, 3), 0);
  EXPECT_NEAR(StudentQuantile(0.5, 7), 0, 1e-12);
  // One degree of freedom is Cauchy's distribution: ½ + atan(t) / π.  Two have t / √(2 + t²) / 2 + ½.
  for (const double t : {-30.0, -1.0, 0.01, 0.5, 4.0, 1e4}) {
    EXPECT_NEAR(StudentCdf(t, 1), 0.5 + std::atan(t) / M_PI, 1e-12) << t;
    EXPECT_NEAR(StudentCdf(t, 2), 0.5 + t / std::sqrt(2 + t * t) / 2, 1e-12) << t;
  }
  for (const double p : {0.001, 0.2, 0.7, 0.9995}) {
    EXPECT_NEAR(StudentQuantile(p, 1), std::tan(M_PI * (p - 0.5)), 1e-6) << p;
    EXPECT_NEAR(StudentCdf(StudentQuantile(p, 30), 30), p, 1e-12);
  }
}

TEST(ClosedForms, AMeanBelowZeroIsTestedAsOneAbove) {
  const std::vector<double> above = {1, 2, 4, 5, 9, 3}, below = {-1, -2, -4, -5, -9, -3};
  const TestedMean a = MeanOfReps(above), b = MeanOfReps(below);
  EXPECT_EQ(a.p, b.p);
  EXPECT_LT(a.p, 0.05);
  EXPECT_GT(a.p, 0.01);
  EXPECT_NEAR(a.interval.low, -b.interval.high, 1e-12);
  // Mean 4, Σ(x − 4)² = 40, s = √8, standard error √(8/6); t(0.975, 5) = 2.5706.
  EXPECT_NEAR(a.interval.high - 4, 2.5705818366 * std::sqrt(8.0 / 6), 1e-8);
}

// 21 averages of six values; W ≤ 0 alone has a tail below 2.5 %, so the ends are the smallest and the
// largest. At 80 %, P(W ≤ 3) = 5/64 and P(W ≤ 4) = 7/64: the fourth from each end.
TEST(ClosedForms, HodgesLehmannOfLopsidedValues) {
  const std::vector<double> x = {0, 1, 2, 4, 8, 16};
  const Interval wide = HodgesLehmann(x), narrow = HodgesLehmann(x, 0.8);
  EXPECT_EQ(wide.value, 4);  // the eleventh of 0 .5 1 1 1.5 2 2 2.5 3 4 4 4.5 5 6 8 8 8.5 9 10 12 16
  EXPECT_EQ(wide.low, 0);
  EXPECT_EQ(wide.high, 16);
  EXPECT_EQ(narrow.low, 1);
  EXPECT_EQ(narrow.high, 9);
  EXPECT_EQ(HodgesLehmann(std::vector<double>{3}).value, 3);
  EXPECT_EQ(HodgesLehmann(std::vector<double>{3, 8}).value, 5.5);
}

// The 99th percentile of five constant repetitions is the largest that was drawn: P(≤ 2) = 1 % and P(≤ 3) = 8
// %.
TEST(ClosedForms, TheIntervalOfP99IsThatOfDrawnRepetitions) {
  std::vector<Series> reps;
  for (const double ns : {4.0, 1.0, 5.0, 3.0, 2.0}) reps.emplace_back(300, ns);
  const Interval p99 = P99(reps, 2'000, 7);
  EXPECT_EQ(p99.value, 5);
  EXPECT_EQ(p99.low, 3);
  EXPECT_EQ(p99.high, 5);
  EXPECT_TRUE(std::isnan(P99({reps[0], reps[1], reps[2], reps[3]}, 100, 7).low)) << "four repetitions";
  EXPECT_EQ(P99({reps[0], reps[1], reps[2], reps[3]}, 100, 7).value, 5);
}

TEST(ClosedForms, P99DifferenceIsThatOfEachRepetition) {
  std::vector<Series> variant, baseline;
  for (int64_t rep = 0; rep < 10; ++rep) {
    variant.emplace_back(1024, 100.0 + static_cast<double>(rep));
    baseline.emplace_back(1024, 97.0);
  }
  const TestedMean difference = P99Difference(variant, baseline);
  EXPECT_NEAR(difference.interval.value, 7.5, 1e-12);
  // The standard deviation of 0 … 9 is √(55/6); t(0.975, 9) = 2.2622.
  EXPECT_NEAR(difference.interval.high - 7.5, 2.2621571628 * std::sqrt(55.0 / 6 / 10), 1e-8);
  EXPECT_NEAR(difference.interval.low, 15 - difference.interval.high, 1e-12);
  EXPECT_LT(difference.p, 1e-3);
  baseline.push_back(Series(1024, 0.0));
  EXPECT_NEAR(P99Difference(variant, baseline).interval.value, 7.5, 1e-12) << "an eleventh has no partner";
  baseline[3].resize(1023);
  EXPECT_TRUE(std::isnan(P99Difference(variant, baseline).interval.value));
}

// 250 steps of which the slowest two are left out: the mean difference is 1 + 2 · 125 / 250 = 2 with them.
TEST(ClosedForms, TheTailIsTheSlowestHundredthOfEachSide) {
  std::vector<Series> variant = {Series(125, 11.0), Series(125, 11.0)};
  variant[0][9] += 125;
  variant[1][70] += 125;
  const std::vector<Series> baseline = {Series(250, 10.0)};
  EXPECT_NEAR(TailShare(variant, baseline), 0.5, 1e-12);
  EXPECT_NEAR(TailShare(baseline, variant), 0.5, 1e-12) << "the same from the other side";
  variant[1][71] += 125;  // a third: 2.5 in all, of which the two carry 1 and a bit
  const double trimmed = 11 + 125.0 / 248 - 10;
  EXPECT_NEAR(TailShare(variant, baseline), 1 - trimmed / 2.5, 1e-12);
}

}  // namespace closed_forms_test
}  // namespace plelab
