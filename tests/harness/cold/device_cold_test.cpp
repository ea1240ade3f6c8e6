#include "harness/cold/device_cold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plelab {
namespace device_cold_test {

using Values = std::vector<double>;

Values Equal(double ns, size_t n = 64) { return Values(n, ns); }

// `slow` values, and then `fast` ones.
Values Mixed(size_t n_slow, double slow, size_t n_fast, double fast) {
  Values values(n_slow, slow);
  values.insert(values.end(), n_fast, fast);
  return values;
}

TEST(DeviceCold, ReadsAsSlowAsUnreadOnesAreColdAndSlowerOnesToo) {
  EXPECT_EQ(DeviceCold(Equal(1000), Equal(1000)), "yes");
  EXPECT_EQ(DeviceCold(Equal(5000), Equal(1000)), "yes") << "compute threads may slow a row's read down";
  EXPECT_EQ(DeviceCold(Equal(801), Equal(1000)), "yes");
}

TEST(DeviceCold, FasterReadsAreNot) {
  EXPECT_EQ(DeviceCold(Equal(799), Equal(1000)), "no");
  EXPECT_EQ(DeviceCold(Equal(20), Equal(1000)), "no");
}

TEST(DeviceCold, AFifthOfFastReadsIsEnoughForNo) {
  EXPECT_EQ(DeviceCold(Mixed(80, 1000, 20, 100), Equal(1000)), "no") << "the 10th percentile sees it";
  EXPECT_EQ(DeviceCold(Mixed(95, 1000, 5, 100), Equal(1000)), "yes");
}

TEST(DeviceCold, TheMedianDecidesToo) {
  // Of the unread reads a quarter takes 100 ns and the rest 1000: the 10th percentiles are 500 and 100.
  EXPECT_EQ(DeviceCold(Equal(500), Mixed(48, 1000, 16, 100)), "no");
  EXPECT_EQ(DeviceCold(Equal(900), Mixed(48, 1000, 16, 100)), "yes");
}

TEST(DeviceCold, WithoutSixtyFourUnreadReadsOrWithoutRowsItIsUnknown) {
  EXPECT_EQ(DeviceCold(Equal(1000), Equal(1000, 63)), "unknown");
  EXPECT_EQ(DeviceCold(Equal(10), Equal(1000, 63)), "unknown");
  EXPECT_EQ(DeviceCold({}, Equal(1000)), "unknown");
  EXPECT_EQ(DeviceCold(Equal(1000), {}), "unknown");
}

StepRow Read(int64_t ns, int64_t calls) {
  StepRow step;
  step.ple_read_ns = ns;
  step.read_calls = calls;
  return step;
}

TEST(DeviceCold, ARowsReadIsTheMeanOfItsStepAndStepsWithoutReadsAreLeftOut) {
  const std::vector<StepRow> steps = {Read(700, 1), Read(0, 0), Read(900, 3)};
  EXPECT_THAT(RowReadsNs(steps), ::testing::ElementsAre(700, 300));
}

}  // namespace device_cold_test
}  // namespace plelab
