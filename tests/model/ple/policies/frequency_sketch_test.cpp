#include "model/ple/policies/frequency_sketch.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/row_streams.h"

namespace plelab {
namespace frequency_sketch_test {

TEST(FrequencySketch, IsNeverTooLowAndSeldomTooHigh) {
  FrequencySketch sketch(1000);
  std::map<int64_t, int64_t> counts;
  for (const int64_t row : UnequalRows(4000, 900, 5)) {
    sketch.Add(row);
    ++counts[row];
  }
  int64_t exact = 0;
  for (const auto& [row, count] : counts) {
    const int64_t expected = std::min<int64_t>(count, 15);
    EXPECT_GE(sketch.Estimate(row), expected) << row;
    exact += sketch.Estimate(row) == expected ? 1 : 0;
  }
  EXPECT_GT(exact, std::ssize(counts) * 3 / 4);
}

TEST(FrequencySketch, StopsAtFifteen) {
  FrequencySketch sketch(100);
  for (int i = 0; i < 15; ++i) sketch.Add(7);
  EXPECT_EQ(sketch.Estimate(7), 15);
  sketch.Add(7);
  EXPECT_EQ(sketch.Estimate(7), 15);
  EXPECT_EQ(sketch.Estimate(8), 0);
}

TEST(FrequencySketch, HalvesAfterTenAdditionsForEachRow) {
  FrequencySketch sketch(2);
  for (int i = 0; i < 12; ++i) sketch.Add(3);
  for (int i = 0; i < 7; ++i) sketch.Add(1);
  const int64_t before = sketch.Estimate(3);
  EXPECT_GE(before, 12);
  sketch.Add(1);  // the twentieth
  EXPECT_EQ(sketch.Estimate(3), before / 2);
  // Half of the additions are forgotten too, so the next ageing comes after ten more.
  for (int i = 0; i < 9; ++i) sketch.Add(3);
  EXPECT_EQ(sketch.Estimate(3), std::min<int64_t>(15, before / 2 + 9));
  sketch.Add(3);
  EXPECT_LE(sketch.Estimate(3), 8);
}

}  // namespace frequency_sketch_test
}  // namespace plelab
