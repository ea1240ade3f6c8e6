// A throttled file returns the bytes of the file below, no earlier than the modelled device would.
#include "model/devices/throttled_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/devices/device_probe.h"
#include "model/devices/device_queue.h"
#include "tests/support/fake_file.h"

namespace plelab {
namespace throttled_file_test {

constexpr int64_t kBytes = DeviceProfile::kReadBytes;

// Stands still but for sleeps and what a test adds.
class VirtualClock : public DeviceClock {
 public:
  int64_t NowNs() override { return now_ns_; }
  void SleepUntil(int64_t until_ns) override { now_ns_ = std::max(now_ns_, until_ns); }
  void Add(int64_t ns) { now_ns_ += ns; }

 private:
  int64_t now_ns_ = 1'000'000'000;
};

// Every read takes 100 µs, two at a time.
DeviceProfile Constant() {
  DeviceProfile profile;
  profile.read_latency = LatencyDistribution({{0, 100}, {1, 100}});
  profile.parallel_units = 2;
  profile.iops = 2e4;
  profile.bandwidth_bytes_per_s = 4096e9;
  return profile;
}

class ThrottledFileTest : public ::testing::Test {
 protected:
  ThrottledFileTest() {
    std::vector<std::byte> bytes(64 * kBytes);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / kBytes);
    disk_ = std::make_shared<FakeDisk>(std::move(bytes));
  }
  std::unique_ptr<RandomAccessFile> Open(const DeviceProfile& profile) {
    return Throttled(std::make_unique<FakeFile>("table", disk_), profile, 1, clock_);
  }
  std::shared_ptr<FakeDisk> disk_;
  VirtualClock clock_;
};

TEST_F(ThrottledFileTest, ReturnsTheBytesOfTheFile) {
  const auto file = Open(Constant());
  const std::vector<ReadRange> ranges = {{5 * kBytes, kBytes}, {9 * kBytes + 7, 12}};
  const auto completion = file->Submit(ranges);
  EXPECT_EQ(completion->Wait(1).size(), 12u);
  EXPECT_EQ(completion->Wait(1).front(), std::byte{9});
  EXPECT_EQ(completion->Wait(0).back(), std::byte{5});
  std::vector<std::byte> out(kBytes);
  file->Read(3 * kBytes, out);
  EXPECT_EQ(out.front(), std::byte{3});
  EXPECT_EQ(file->counters().read_calls, 3);
  EXPECT_EQ(file->size_bytes(), 64 * kBytes);
}

TEST_F(ThrottledFileTest, EachReadIsDoneWhenTheDeviceIs) {
  const auto file = Open(Constant());
  const std::vector<ReadRange> ranges(6, ReadRange{0, kBytes});
  const int64_t begin_ns = clock_.NowNs();
  const auto completion = file->Submit(ranges);
  EXPECT_EQ(clock_.NowNs(), begin_ns) << "Submit returns at once";
  for (size_t i = 0; i < ranges.size(); ++i) {
    completion->Wait(i);
    EXPECT_NEAR(clock_.NowNs() - begin_ns, (static_cast<int64_t>(i) / 2 + 1) * 100'000, 20);
  }
}

TEST_F(ThrottledFileTest, ReadsGoOnWhileTheCallerComputes) {
  const auto file = Open(Constant());
  EXPECT_TRUE(file->reads_by_itself());
  const std::vector<ReadRange> ranges(2, ReadRange{0, kBytes});
  const auto completion = file->Submit(ranges);
  clock_.Add(1'000'000);
  const int64_t asked_ns = clock_.NowNs();
  completion->Wait(0);
  completion->Wait(1);
  EXPECT_EQ(clock_.NowNs(), asked_ns);
}

TEST_F(ThrottledFileTest, BatchesShareOneDevice) {
  const auto file = Open(Constant());
  const std::vector<ReadRange> ranges(4, ReadRange{0, kBytes});
  const int64_t begin_ns = clock_.NowNs();
  const auto first = file->Submit(ranges);
  file->Submit(ranges)->Wait(3);
  EXPECT_NEAR(clock_.NowNs() - begin_ns, 400'000, 40);
}

TEST_F(ThrottledFileTest, AReadThatFailsFails) {
  const auto file = Open(Constant());
  disk_->FailRead(1);
  const ReadRange range{0, kBytes};
  const auto completion = file->Submit({&range, 1});
  EXPECT_THROW(completion->Wait(0), ReadError);
  EXPECT_THROW(completion->Wait(0), ReadError);
}

TEST_F(ThrottledFileTest, AProbeFindsTheFiguresOfTheProfile) {
  for (const std::string& name : DeviceProfileNames()) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    const auto file = Open(profile);
    const ProbedDevice probed = Probe(*file, {.reads = 20'000, .deep_reads = 40'000}, clock_);
    for (const double p : {0.5, 0.9}) {
      EXPECT_NEAR(probed.Quantile(p) / profile.read_latency.Quantile(p), 1, 0.02) << name << " " << p;
    }
    EXPECT_NEAR(probed.iops / profile.iops, 1, 0.05) << name;
  }
}

// The real clock: a wait is never too early.
TEST(SteadyDeviceClock, SleepsNoLessThanAsked) {
  DeviceClock& clock = SteadyDeviceClock();
  for (const int64_t ns : {0, 1'000, 50'000, 400'000}) {
    const int64_t until_ns = clock.NowNs() + ns;
    clock.SleepUntil(until_ns);
    EXPECT_GE(clock.NowNs(), until_ns);
  }
}

}  // namespace throttled_file_test
}  // namespace plelab
