#include "model/devices/device_probe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/base/error.h"
#include "model/base/random_bits.h"

namespace plelab {
namespace {

// Random places of a file, each a pure function of its number.
class Places {
 public:
  Places(const RandomAccessFile& file, const ProbeOptions& options)
      : count_(file.size_bytes() / options.read_bytes),
        bytes_(options.read_bytes),
        seed_(MixBits(options.seed)) {
    if (count_ >= 1) return;
    throw UserError("{}: {} bytes are too few for reads of {}", file.path(), file.size_bytes(), bytes_);
  }
  ReadRange Next() {
    const uint64_t bits = MixBits(seed_ + ++drawn_);
    return {static_cast<int64_t>(bits % static_cast<uint64_t>(count_)) * bytes_, bytes_};
  }

 private:
  int64_t count_, bytes_;
  uint64_t seed_, drawn_ = 0;
};

}  // namespace

double ProbedDevice::Quantile(double probability) const {
  const double rank = std::ceil(probability * static_cast<double>(latency_us.size()));
  const auto index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  return latency_us.at(std::min(index, latency_us.size() - 1));
}

double ProbedDevice::mean_us() const {
  return std::accumulate(latency_us.begin(), latency_us.end(), 0.0) / static_cast<double>(latency_us.size());
}

ProbedDevice Probe(RandomAccessFile& file, const ProbeOptions& options, DeviceClock& clock) {
  Places places(file, options);
  ProbedDevice probed;
  for (int64_t i = 0; i < options.reads; ++i) {
    const ReadRange place = places.Next();
    const int64_t begin_ns = clock.NowNs();
    file.Submit({&place, 1})->Wait(0);
    probed.latency_us.push_back(static_cast<double>(clock.NowNs() - begin_ns) / 1e3);
  }
  std::ranges::sort(probed.latency_us);
  std::vector<ReadRange> deep;
  for (int64_t i = 0; i < options.deep_reads; ++i) deep.push_back(places.Next());
  const int64_t begin_ns = clock.NowNs();
  const auto completion = file.Submit(deep);
  for (size_t i = 0; i < deep.size(); ++i) completion->Wait(i);
  probed.iops =
      static_cast<double>(options.deep_reads) / (static_cast<double>(clock.NowNs() - begin_ns) / 1e9);
  return probed;
}

}  // namespace plelab
