#include "experiments/devices/device_report.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "model/base/error.h"
#include "model/base/format.h"
#include "model/devices/device_probe.h"
#include "model/devices/throttled_file.h"
#include "model/io/uring_file.h"

namespace plelab {
namespace {

constexpr int64_t kLargeRead = 1 << 20;
constexpr uint64_t kSeed = 1;

// Zeros that take no time, not even that of copying: what remains is the modelled device, and this program.
class MemoryFile : public RandomAccessFile {
 public:
  void Read(int64_t /*offset*/, std::span<std::byte> out) override {
    std::memset(out.data(), 0, out.size());
    counters_.Add(std::ssize(out));
  }
  std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges) override {
    for (const ReadRange& range : ranges) counters_.Add(range.size_bytes);
    return std::make_unique<Zeros>(zeros_);
  }
  int64_t size_bytes() const override { return int64_t{1} << 32; }
  const std::string& path() const override { return path_; }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  // REQUIRES ranges of at most kLargeRead.
  struct Zeros : Completion {
    explicit Zeros(std::span<const std::byte> zeros) : zeros(zeros) {}
    std::span<const std::byte> Wait(size_t /*index*/) override { return zeros; }
    std::span<const std::byte> zeros;
  };
  std::vector<std::byte> zeros_ = std::vector<std::byte>(kLargeRead);
  std::string path_ = "memory";
  AtomicIoCounters counters_;
};

ProbedDevice ProbeModel(const DeviceProfile& profile, const ProbeOptions& options) {
  return Probe(*Throttled(std::make_unique<MemoryFile>(), profile, kSeed), options);
}

int64_t ReadsIn(double seconds, double reads_per_s, int64_t most) {
  return std::clamp<int64_t>(std::llround(seconds * reads_per_s), 16, most);
}

void AddQuantile(std::vector<CheckedFigure>& figures, const std::string& name, const DeviceProfile& profile,
                 const ProbedDevice& probed, double probability) {
  // A quantile of which fewer than ten reads are beyond says nothing.
  if ((1 - probability) * static_cast<double>(probed.latency_us.size()) < 10) return;
  figures.push_back({name, "us", profile.read_latency.Quantile(probability), probed.Quantile(probability)});
}

// Bytes per second of random reads of kLargeRead: where few are served at the same time, they cannot keep the
// bus busy.
double LargeReadsPerSecond(const DeviceProfile& profile) {
  const double mean_s = profile.read_latency.mean_us() / 1e6;
  const double more_s = (kLargeRead - DeviceProfile::kReadBytes) / profile.bandwidth_bytes_per_s;
  const double units = static_cast<double>(profile.parallel_units);
  return std::min(units / (profile.busy_share() * mean_s + more_s),
                  profile.bandwidth_bytes_per_s / kLargeRead);
}

}  // namespace

std::string ListProfiles(const std::vector<DeviceProfile>& profiles) {
  std::string text = Format("{:<6} {:>10} {:>10} {:>10} {:>10} {:>10} {:>6}  {}\n", "name", "p50 us",
                            "p99 us", "mean us", "IOPS", "MB/s", "units", "device");
  for (const DeviceProfile& profile : profiles) {
    const LatencyDistribution& latency = profile.read_latency;
    text += Format("{:<6} {:>10.0f} {:>10.0f} {:>10.0f} {:>10.0f} {:>10.0f} {:>6}  {}\n", profile.name,
                   latency.Quantile(0.5), latency.Quantile(0.99), latency.mean_us(), profile.iops,
                   profile.bandwidth_bytes_per_s / 1e6, profile.parallel_units, profile.device);
  }
  return text;
}

std::vector<CheckedFigure> CheckModel(const DeviceProfile& profile, double seconds) {
  const double alone_per_s = 1e6 / profile.read_latency.mean_us();
  const ProbedDevice small = ProbeModel(profile, {.reads = ReadsIn(seconds / 2, alone_per_s, 50'000),
                                                  .deep_reads = ReadsIn(seconds / 4, profile.iops, 50'000)});
  const double large_per_s = LargeReadsPerSecond(profile);
  const ProbedDevice large = ProbeModel(
      profile, {.reads = 1, .deep_reads = ReadsIn(seconds / 4, large_per_s, 200), .read_bytes = kLargeRead});
  std::vector<CheckedFigure> figures;
  AddQuantile(figures, "p10 at depth 1", profile, small, 0.10);
  AddQuantile(figures, "p50 at depth 1", profile, small, 0.50);
  AddQuantile(figures, "p90 at depth 1", profile, small, 0.90);
  AddQuantile(figures, "p99 at depth 1", profile, small, 0.99);
  AddQuantile(figures, "p99.9 at depth 1", profile, small, 0.999);
  figures.push_back({"mean at depth 1", "us", profile.read_latency.mean_us(), small.mean_us()});
  figures.push_back({"reads at saturation", "1/s", profile.iops, small.iops});
  figures.push_back(
      {"reads of 1 MiB", "MB/s", large_per_s * kLargeRead / 1e6, large.iops * kLargeRead / 1e6});
  return figures;
}

std::string CheckTable(const DeviceProfile& profile, const std::vector<CheckedFigure>& figures) {
  std::string text =
      Format("{}: {}\n  stated:  {}\n  assumed: {}\n\n{:<20} {:>5} {:>12} {:>12} {:>8}\n", profile.name,
             profile.device, profile.stated, profile.assumed, "4 KiB reads", "", "profile", "model", "error");
  for (const CheckedFigure& figure : figures) {
    text += Format("{:<20} {:>5} {:>12.1f} {:>12.1f} {:>+7.1f} %\n", figure.name, figure.unit, figure.stated,
                   figure.measured, 100 * (figure.measured / figure.stated - 1));
  }
  return text;
}

DeviceProfile MeasureDevice(const std::string& path, const std::string& name) {
  if (const std::string why = WhyNoUring(); !why.empty()) {
    throw UserError("{}: a device is measured with io_uring, which cannot be used here: {}", path, why);
  }
  const auto file = OpenRandomAccessFile(path, {.backend = IoBackend::kUring});
  const ProbedDevice small = Probe(*file, {.reads = 5000, .deep_reads = 20'000});
  const ProbedDevice large = Probe(*file, {.reads = 1, .deep_reads = 200, .read_bytes = kLargeRead});
  DeviceProfile profile;
  profile.name = name;
  profile.device = "measured on this machine";
  profile.stated = Format(
      "random reads of {} MB of one file with O_DIRECT and io_uring: 5,000 one by one, 20,000 at depth {}",
      file->size_bytes() / 1'000'000, UringOptions().queue_depth);
  profile.assumed = "that as many flash units work at once as Little's law gives";
  std::vector<LatencyDistribution::Knot> knots;
  for (const double p : {0.0, 0.10, 0.50, 0.90, 0.99, 0.999, 1.0}) knots.push_back({p, small.Quantile(p)});
  profile.read_latency = LatencyDistribution(std::move(knots));
  profile.iops = std::round(small.iops);
  // Reads of a few KiB cannot come faster than large ones; where they do, the file was too small or the disk
  // busy.
  profile.bandwidth_bytes_per_s =
      std::round(std::max(large.iops * kLargeRead, profile.iops * DeviceProfile::kReadBytes) / 1e6) * 1e6 +
      1e6;
  profile.parallel_units =
      std::max<int64_t>(1, static_cast<int64_t>(profile.iops * profile.read_latency.mean_us() / 1e6));
  return profile;
}

}  // namespace plelab
