#include "harness/support/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace plelab {
namespace statistics_test {

constexpr int64_t kResamples = 2000;

std::vector<double> Normal(int64_t n, double mean, double deviation, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<double> x(n);
  for (double& value : x) value = normal(random);
  return x;
}

TEST(Statistics, MeanOfOneToHundred) {
  std::vector<double> x(100);
  std::iota(x.begin(), x.end(), 1.0);
  EXPECT_DOUBLE_EQ(Mean(x), 50.5);
  EXPECT_TRUE(std::isnan(Mean({})));
}

TEST(Statistics, QuantileInterpolatesAsNumpyDoes) {
  const std::vector<double> x{40, 10, 30, 20};  // numpy.quantile([10, 20, 30, 40], q)
  EXPECT_DOUBLE_EQ(Quantile(x, 0), 10);
  EXPECT_DOUBLE_EQ(Quantile(x, 0.25), 17.5);
  EXPECT_DOUBLE_EQ(Quantile(x, 0.5), 25);
  EXPECT_DOUBLE_EQ(Quantile(x, 0.99), 39.7);
  EXPECT_DOUBLE_EQ(Quantile(x, 1), 40);
}

TEST(Statistics, QuantileOfOneValueIsThatValueAndOfNoneIsNan) {
  EXPECT_EQ(Quantile(std::vector<double>{7}, 0.99), 7);
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
}

TEST(Statistics, BootstrapOfAConstantHasNoWidth) {
  const std::vector<double> x(64, 3.0);
  const Interval interval = BlockBootstrapMean(x, 8, kResamples, 1);
  EXPECT_DOUBLE_EQ(interval.value, 3);
  EXPECT_DOUBLE_EQ(interval.low, 3);
  EXPECT_DOUBLE_EQ(interval.high, 3);
}

// For independent values the half width is 1.96 σ / √n.
TEST(Statistics, BootstrapOfIndependentValuesHasTheNormalWidth) {
  const std::vector<double> x = Normal(2000, 10, 2, 5);
  const Interval interval = BlockBootstrapMean(x, 1, kResamples, 1);
  const double expected = 1.96 * 2 / std::sqrt(2000.0);
  EXPECT_DOUBLE_EQ(interval.value, Mean(x));
  EXPECT_NEAR(interval.high - interval.value, expected, 0.12 * expected);
  EXPECT_NEAR(interval.value - interval.low, expected, 0.12 * expected);
}

// Each value is repeated 10 times and so carries 1/10 of the information.  Resampling blocks reflects that
// (the interval is √10 wider), resampling single values does not.
TEST(Statistics, BlocksKeepTheCorrelationOfNeighbours) {
  std::vector<double> x;
  for (const double value : Normal(400, 0, 1, 7)) x.insert(x.end(), 10, value);
  const Interval naive = BlockBootstrapMean(x, 1, kResamples, 1);
  const Interval blocked = BlockBootstrapMean(x, 40, kResamples, 1);
  const double ratio = (blocked.high - blocked.low) / (naive.high - naive.low);
  EXPECT_NEAR(ratio, std::sqrt(10.0), 0.5);
}

TEST(Statistics, FewerThanTwoBlocksGiveNoInterval) {
  const std::vector<double> x{1, 2, 3, 4};
  const Interval interval = BlockBootstrapMean(x, 4, kResamples, 1);
  EXPECT_DOUBLE_EQ(interval.value, 2.5);
  EXPECT_TRUE(std::isnan(interval.low));
  EXPECT_TRUE(std::isnan(interval.high));
  EXPECT_TRUE(std::isnan(BlockBootstrapMean({}, 4, kResamples, 1).value));
}

TEST(Statistics, SameSeedGivesTheSameInterval) {
  const std::vector<double> x = Normal(500, 0, 1, 3);
  const Interval a = BlockBootstrapMean(x, 16, 200, 42), b = BlockBootstrapMean(x, 16, 200, 42);
  const Interval other = BlockBootstrapMean(x, 16, 200, 43);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(a.low, other.low);
}

// Two repetitions are constant but different, so the mean of two draws is 0, 1/2 or 1, and the interval is
// [0, 1].
TEST(Statistics, PairedBootstrapResamplesRepetitions) {
  const std::vector<std::vector<double>> reps{std::vector<double>(50, 0.0), std::vector<double>(50, 1.0)};
  const Interval interval = PairedBootstrapMean(reps, 10, kResamples, 1);
  EXPECT_DOUBLE_EQ(interval.value, 0.5);
  EXPECT_DOUBLE_EQ(interval.low, 0);
  EXPECT_DOUBLE_EQ(interval.high, 1);
}

TEST(Statistics, PairedValueIsTheMeanOverAllSteps) {
  const Interval interval = PairedBootstrapMean({{1, 1, 1}, {}, {5}}, 1, 100, 1);
  EXPECT_DOUBLE_EQ(interval.value, 2);
}

// 95 % intervals contain the truth in about 95 % of experiments.
TEST(Statistics, IntervalsCoverTheTruthAsOftenAsTheySay) {
  int covered = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Interval interval = BlockBootstrapMean(Normal(200, 1, 1, seed + 100), 4, 400, seed);
    covered += interval.low <= 1 && 1 <= interval.high;
  }
  EXPECT_GE(covered, 178);  // 190 expected; 178 is 89 %
  EXPECT_LE(covered, 199);
}

TEST(Statistics, ARatioOfSumsHasTheIntervalOfItsPairs) {
  const std::vector<double> above = {2, 4, 6}, below = {1, 2, 3};
  const Interval same = BootstrapRatio(above, below, 200, 1);
  EXPECT_DOUBLE_EQ(same.value, 2);
  EXPECT_DOUBLE_EQ(same.low, 2);
  EXPECT_DOUBLE_EQ(same.high, 2);
  const std::vector<double> x = Normal(400, 3, 1, 5), ones(400, 1.0);
  const Interval mean = BootstrapRatio(x, ones, 1000, 1);
  EXPECT_NEAR(mean.high - mean.low, 2 * 1.96 / 20, 0.03) << "of a mean of 400 values of deviation 1";
  EXPECT_TRUE(std::isnan(BootstrapRatio(std::vector{1.0}, std::vector{2.0}, 100, 1).low));
}

TEST(BlockBootstrapRatio, APartThatIsAlwaysTheSameShareHasNoInterval) {
  std::vector<double> whole, part;
  for (int i = 0; i < 100; ++i) whole.push_back(1 + i % 7);
  for (const double value : whole) part.push_back(value / 4);
  const Interval share = BlockBootstrapRatio(part, whole, 10, 100, 1);
  EXPECT_NEAR(share.value, 0.25, 1e-12);
  EXPECT_NEAR(share.low, 0.25, 1e-12);
  EXPECT_NEAR(share.high, 0.25, 1e-12);
}

TEST(BlockBootstrapRatio, OfOnesIsTheBlockBootstrapOfTheMean) {
  std::vector<double> x;
  for (int i = 0; i < 200; ++i) x.push_back(i % 13);
  const Interval mean = BlockBootstrapMean(x, 8, 400, 3);
  const Interval ratio = BlockBootstrapRatio(x, std::vector<double>(200, 1.0), 8, 400, 3);
  EXPECT_NEAR(ratio.value, mean.value, 1e-12);
  EXPECT_NEAR(ratio.high - ratio.low, mean.high - mean.low, 0.3 * (mean.high - mean.low));
}

TEST(BlockBootstrapRatio, TooLittleHasNoInterval) {
  const std::vector<double> x = {1, 2, 3};
  EXPECT_TRUE(std::isnan(BlockBootstrapRatio({}, {}, 4, 100, 1).value));
  EXPECT_TRUE(std::isnan(BlockBootstrapRatio(x, x, 4, 100, 1).low));
  EXPECT_DOUBLE_EQ(BlockBootstrapRatio(x, x, 4, 100, 1).value, 1);
}

}  // namespace statistics_test
}  // namespace plelab
