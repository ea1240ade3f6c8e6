#include "model/devices/device_queue.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "model/base/random_bits.h"

namespace plelab {

DeviceQueue::DeviceQueue(const DeviceProfile& profile, uint64_t seed)
    : profile_(profile),
      busy_share_(profile.busy_share()),
      seed_(MixBits(seed)),
      limit_(profile.limit_iops, profile.limit_slice_ms),
      free_at_ns_(static_cast<size_t>(profile.parallel_units), 0) {}

int64_t DeviceQueue::Done(int64_t submitted_ns, int64_t bytes) {
  const int64_t least_ns = TransferNs(DeviceProfile::kReadBytes);
  const int64_t transfer_ns = TransferNs(std::max(bytes, DeviceProfile::kReadBytes));
  while (!transfers_ns_.empty() && transfers_ns_.begin()->second <= submitted_ns) {
    transfers_ns_.erase(transfers_ns_.begin());
  }
  std::ranges::pop_heap(free_at_ns_, std::greater<>());
  const int64_t begin_ns = std::max(limit_.Pass(submitted_ns), free_at_ns_.back());
  const int64_t latency_ns = DrawLatencyNs();
  const auto busy_ns = static_cast<int64_t>(busy_share_ * static_cast<double>(latency_ns));
  free_at_ns_.back() = begin_ns + busy_ns + transfer_ns - least_ns;
  std::ranges::push_heap(free_at_ns_, std::greater<>());
  return EndOfTransfer(begin_ns + latency_ns - least_ns, transfer_ns);
}

int64_t DeviceQueue::DrawLatencyNs() {
  const uint64_t bits = MixBits(seed_ + ++drawn_);
  const double probability = (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  return std::llround(profile_.read_latency.Quantile(probability) * 1e3);
}

int64_t DeviceQueue::TransferNs(int64_t bytes) const {
  return std::llround(static_cast<double>(bytes) / profile_.bandwidth_bytes_per_s * 1e9);
}

// Takes the first gap between the other transfers that is long enough: a read with a short latency may
// overtake one that was submitted before it.
int64_t DeviceQueue::EndOfTransfer(int64_t ready_ns, int64_t transfer_ns) {
  auto next = transfers_ns_.upper_bound(ready_ns);
  int64_t begin_ns = ready_ns;
  if (next != transfers_ns_.begin()) begin_ns = std::max(begin_ns, std::prev(next)->second);
  for (; next != transfers_ns_.end() && next->first < begin_ns + transfer_ns; ++next) begin_ns = next->second;
  transfers_ns_[begin_ns] = begin_ns + transfer_ns;
  return begin_ns + transfer_ns;
}

}  // namespace plelab
