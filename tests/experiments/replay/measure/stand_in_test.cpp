#include "experiments/replay/measure/stand_in.h"

#include <gtest/gtest.h>

#include <atomic>

#include "experiments/replay/measure/host.h"
#include "harness/machine/host_facts.h"

namespace plelab {
namespace {

TEST(ThreadTeam, EachThreadWorksOnceInEachRound) {
  for (const int64_t threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    ASSERT_EQ(team.threads(), threads);
    std::vector<int64_t> calls(threads);
    for (int round = 0; round < 200; ++round) team.Run([&](int64_t thread) { ++calls[thread]; });
    for (const int64_t count : calls) EXPECT_EQ(count, 200);
  }
}

TEST(ThreadTeam, RunReturnsOnlyWhenAllHaveFinished) {
  ThreadTeam team(4);
  std::atomic<int64_t> finished = 0;
  for (int64_t round = 1; round <= 50; ++round) {
    team.Run([&](int64_t thread) {
      if (thread == 3)
        std::this_thread::sleep_for(std::chrono::microseconds(300));  // beyond the time that others spin
      ++finished;
    });
    EXPECT_EQ(finished, 4 * round);
  }
}

TEST(ThreadTeam, EndsWhileItsThreadsSleep) {
  ThreadTeam team(3);
  team.Run([](int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST(StandIn, ReadsMoreInALongerStep) {
  StandIn stand_in(2, 3, 8 << 20);
  stand_in.Calibrate(0.3e6);
  const int64_t small = stand_in.bytes_per_layer();
  EXPECT_GT(small, 0);
  EXPECT_EQ(small % (2 * 512), 0);  // whole runs of each thread
  stand_in.Calibrate(30e6);
  EXPECT_GT(stand_in.bytes_per_layer(), small);
  stand_in.WakeUp();
  stand_in.Layer();
}

TEST(StandInBuffer, IsLargerThanTheCacheAndLeavesMemory) {
  constexpr int64_t kMi = int64_t{1} << 20;
  EXPECT_EQ(StandInBufferBytes(32 * kMi, 16'384 * kMi), 128 * kMi);
  EXPECT_EQ(StandInBufferBytes(8 * kMi, 16'384 * kMi), 64 * kMi);      // at least
  EXPECT_EQ(StandInBufferBytes(512 * kMi, 65'536 * kMi), 1024 * kMi);  // at most
  EXPECT_EQ(StandInBufferBytes(512 * kMi, 1024 * kMi), 128 * kMi);     // an eighth of the memory
  EXPECT_EQ(StandInBufferBytes(512 * kMi, 0), 64 * kMi);               // not known
}

TEST(Host, DescribesItselfWithoutGaps) {
  for (const auto& [key, value] : DescribeHost("/")) EXPECT_NE(value, "") << key;
  EXPECT_GE(Cores(), 1);
  EXPECT_GT(LastCacheBytes(), 0);
}

}  // namespace
}  // namespace plelab
