#include "model/kernels/read_loop.h"

#include <atomic>
#include <cstddef>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/read_loop.cpp"
#include "model/kernels/targets.h"
// After targets.h, which says which instruction sets are compiled.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

uint64_t ReadShare(const uint64_t* data, size_t words) {
  const hn::ScalableTag<uint64_t> d;
  constexpr size_t kWords = hn::MaxLanes(d);
  hn::Vec<decltype(d)> sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  size_t i = 0;
  for (; i + 4 * kWords <= words; i += 4 * kWords) {
    for (size_t k = 0; k < 4; ++k) sum[k] = hn::Add(sum[k], hn::LoadU(d, data + i + k * kWords));
  }
  uint64_t total = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
  for (; i < words; ++i) total += data[i];
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(ReadShare);

}  // namespace

uint64_t ReadAll(std::span<const std::byte> bytes) {
  constexpr int64_t kLineWords = 8;
  std::atomic<uint64_t> total{0};
  const auto* words = reinterpret_cast<const uint64_t*>(bytes.data());
  const auto read_share = HWY_DYNAMIC_DISPATCH(ReadShare);
  ParallelFor(0, std::ssize(bytes) / 64, 1024, [&](int64_t begin, int64_t end) {
    total += read_share(words + begin * kLineWords, (end - begin) * kLineWords);
  });
  return total;
}

}  // namespace plelab
#endif  // HWY_ONCE
