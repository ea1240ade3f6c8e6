// The modelled device against closed forms: draws, servers, saturation, the bus and the kernel's limit.
#include "model/devices/device_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace plelab {
namespace device_queue_test {

constexpr int64_t kBytes = DeviceProfile::kReadBytes;

// Every read takes `us`, and all of it keeps one of `units` busy.
DeviceProfile Constant(double us, int64_t units, double bandwidth_bytes_per_s = 4096e9) {
  DeviceProfile profile;
  profile.name = "constant";
  profile.read_latency = LatencyDistribution({{0, us}, {1, us}});
  profile.parallel_units = units;
  profile.iops = static_cast<double>(units) / us * 1e6;
  profile.bandwidth_bytes_per_s = bandwidth_bytes_per_s;
  return profile;
}

TEST(LatencyDistribution, ItsMeanIsThatOfItsQuantiles) {
  const LatencyDistribution latency({{0, 50}, {0.5, 70}, {0.99, 200}, {1, 5000}});
  constexpr int kSteps = 2'000'000;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) sum += latency.Quantile((i + 0.5) / kSteps);
  EXPECT_NEAR(sum / kSteps, latency.mean_us(), 1e-4 * latency.mean_us());
  EXPECT_DOUBLE_EQ(latency.Quantile(0), 50);
  EXPECT_DOUBLE_EQ(latency.Quantile(0.5), 70);
  EXPECT_DOUBLE_EQ(latency.Quantile(1), 5000);
}

// 200,000 draws: the standard error of a share p is √(p (1 − p) / n), less than 0.0012.
TEST(DeviceQueue, DrawsTheQuantilesOfEachProfile) {
  constexpr int kDraws = 200'000;
  for (const std::string& name : DeviceProfileNames()) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    DeviceQueue queue(profile, 1);
    std::vector<double> us;
    for (int64_t i = 0, now = 0; i < kDraws; ++i) {
      const int64_t done = queue.Done(now, kBytes);
      us.push_back(static_cast<double>(done - now) / 1e3);
      now = done;
    }
    for (const auto& [probability, quantile_us] : profile.read_latency.knots()) {
      const auto below = std::ranges::count_if(us, [&](double x) { return x <= quantile_us + 1e-3; });
      const double error =
          5 * std::sqrt(probability * (1 - probability) / kDraws) + 3e-5;  // rounded to nanoseconds
      EXPECT_NEAR(static_cast<double>(below) / kDraws, probability, error) << name;
    }
    const double mean_us = std::accumulate(us.begin(), us.end(), 0.0) / kDraws;
    EXPECT_NEAR(mean_us, profile.read_latency.mean_us(), 0.02 * profile.read_latency.mean_us()) << name;
  }
}

TEST(DeviceQueue, OneServerFinishesOneReadAfterTheOther) {
  DeviceQueue queue(Constant(100, 1), 1);
  for (int64_t i = 1; i <= 10; ++i) EXPECT_EQ(queue.Done(0, kBytes), i * 100'000);
  EXPECT_EQ(queue.Done(950'000, kBytes), 1'100'000);    // waits for 50 µs
  EXPECT_EQ(queue.Done(5'000'000, kBytes), 5'100'000);  // finds it idle
}

TEST(DeviceQueue, ManyServersFinishInRounds) {
  DeviceQueue queue(Constant(100, 4), 1);
  for (int64_t i = 0; i < 12; ++i) EXPECT_NEAR(queue.Done(0, kBytes), (i / 4 + 1) * 100'000, 20);
}

// Reads that arrive at random find the load of an M/D/1 queue: they wait for ρ / (2 (1 − ρ)) services.
TEST(DeviceQueue, RandomArrivalsWaitAsInAQueueOfOneServer) {
  constexpr int64_t kService = 100'000, kReads = 400'000;
  constexpr double kLoad = 0.7;
  DeviceQueue queue(Constant(100, 1), 1);
  uint64_t state = 1;
  double now = 0, waited = 0;
  for (int64_t i = 0; i < kReads; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    now += -std::log((static_cast<double>(state >> 11) + 0.5) * 0x1p-53) * kService / kLoad;
    const auto at = static_cast<int64_t>(now);
    waited += static_cast<double>(queue.Done(at, kBytes) - at - kService);
  }
  EXPECT_NEAR(waited / kReads / kService, kLoad / (2 * (1 - kLoad)), 0.03);
}

// Reads per second of a device that always has `depth` under way.
double IopsAtDepth(const DeviceProfile& profile, int64_t depth, int64_t bytes) {
  constexpr int64_t kReads = 200'000;
  DeviceQueue queue(profile, 2);
  std::vector<int64_t> under_way;
  int64_t now = 0;
  for (int64_t i = 0; i < kReads; ++i) {
    if (std::ssize(under_way) >= depth) {
      std::ranges::pop_heap(under_way, std::greater<>());
      now = std::max(now, under_way.back());
      under_way.pop_back();
    }
    under_way.push_back(queue.Done(now, bytes));
    std::ranges::push_heap(under_way, std::greater<>());
  }
  return static_cast<double>(kReads) / (static_cast<double>(now) / 1e9);
}

TEST(DeviceQueue, EachProfileSaturatesAtItsOwnIops) {
  for (const std::string& name : DeviceProfileNames()) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    EXPECT_NEAR(IopsAtDepth(profile, 512, kBytes) / profile.iops, 1, 0.02) << name;
    EXPECT_NEAR(IopsAtDepth(profile, 1, kBytes) * profile.read_latency.mean_us() / 1e6, 1, 0.02) << name;
    // Depth 32 is what data sheets quote; the NVMe drive needs 27 under way on average.
    EXPECT_GT(IopsAtDepth(profile, 32, kBytes) / profile.iops, 0.85) << name;
  }
}

TEST(DeviceQueue, LargeReadsComeAtTheBandwidth) {
  constexpr int64_t kLarge = 1 << 20;
  for (const std::string& name : DeviceProfileNames()) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    if (profile.parallel_units == 1) continue;  // latency and transfer do not overlap there
    EXPECT_NEAR(IopsAtDepth(profile, 64, kLarge) * kLarge / profile.bandwidth_bytes_per_s, 1, 0.02) << name;
  }
  // One after the other: 100 µs, and what the transfer of 1 MiB takes beyond that of 4 KiB.
  const double iops = IopsAtDepth(Constant(100, 1, 100e6), 64, kLarge);
  EXPECT_NEAR(1e6 / iops / (100 + (kLarge - kBytes) / 100.0), 1, 1e-3);
}

// A transfer takes 10 µs; a unit is busy for half of the latency, the bus for the whole of each transfer.
DeviceProfile WithBus() {
  DeviceProfile profile = Constant(100, 1, 4096 / 10e-6);
  profile.iops = 2e4;
  return profile;
}

TEST(DeviceQueue, TheRestOfTheLatencyOverlaps) {
  DeviceQueue queue(WithBus(), 1);
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(queue.Done(0, kBytes), 100'000 + i * 50'000);
}

TEST(DeviceQueue, ALongTransferKeepsItsUnitAndTheBusBusy) {
  DeviceQueue queue(WithBus(), 1);
  EXPECT_EQ(queue.Done(0, kBytes), 100'000);
  EXPECT_EQ(queue.Done(0, 11 * kBytes), 250'000);  // begins at 50 µs, and takes 100 µs more of both
  EXPECT_EQ(queue.Done(0, kBytes), 300'000);
}

TEST(DeviceQueue, TransfersWaitForEachOther) {
  DeviceProfile profile = Constant(100, 4, 4096 / 30e-6);  // 4 · 30 µs are more than 100 µs
  DeviceQueue queue(profile, 1);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(queue.Done(0, kBytes), 100'000 + i * 30'000);
  EXPECT_EQ(queue.Done(300'000, kBytes), 400'000);
}

TEST(DeviceQueue, TheSameSeedDrawsTheSame) {
  const DeviceProfile profile = DeviceProfileNamed("emmc");
  DeviceQueue a(profile, 5), b(profile, 5), c(profile, 6);
  int different = 0;
  for (int64_t i = 0; i < 100; ++i) {
    const int64_t done = a.Done(i * 1000, kBytes);
    EXPECT_EQ(done, b.Done(i * 1000, kBytes));
    different += done != c.Done(i * 1000, kBytes);
  }
  EXPECT_GT(different, 90);
}

// 1,000 reads per second in slices of 100 ms: 100 reads pass at once, then they wait for the next slice.
TEST(ReadLimit, LetsThroughASlicesReadsAtOnce) {
  ReadLimit limit(1000, 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limit.Pass(0), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limit.Pass(0), 100'000'000);
  EXPECT_EQ(limit.Pass(0), 200'000'000);
  EXPECT_EQ(limit.Pass(250'000'000), 250'000'000);
}

TEST(ReadLimit, WhatASliceLeavesOverIsLost) {
  ReadLimit limit(1000, 100);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.Pass(0), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limit.Pass(150'000'000), 150'000'000);
  EXPECT_EQ(limit.Pass(150'000'000), 250'000'000);
}

TEST(ReadLimit, HoldsItsRateOverManySlices) {
  ReadLimit limit(750, 20);
  int64_t now = 0;
  for (int i = 0; i < 7500; ++i) now = limit.Pass(now);
  EXPECT_NEAR(static_cast<double>(now) / 1e9, 10, 0.05);
  EXPECT_EQ(ReadLimit(0, 0).Pass(17), 17);
}

}  // namespace device_queue_test
}  // namespace plelab
