#include "model/kernels/read_loop.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/read_loop.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kStreams = 8;

// Reads kStreams streams of `stream` words side by side: one core reads several streams faster than one.
HWY_INLINE uint64_t ReadStreams(const uint64_t* data, size_t stream) {
  const hn::ScalableTag<uint64_t> d;
  constexpr size_t kWords = hn::MaxLanes(d);
  hn::Vec<decltype(d)> sum[kStreams];
  for (auto& s : sum) s = hn::Zero(d);
  for (size_t i = 0; i < stream; i += 2 * kWords) {
    for (size_t k = 0; k < kStreams; ++k) {
      const uint64_t* from = data + k * stream + i;
      sum[k] = hn::Add(sum[k], hn::Add(hn::LoadU(d, from), hn::LoadU(d, from + kWords)));
    }
  }
  uint64_t total = 0;
  for (const auto& s : sum) {
    // Not SumOfLanes: with g++ 12 and AVX-512 it adds as signed numbers, whose overflow is undefined.
    HWY_ALIGN uint64_t lanes[kWords];
    hn::Store(s, d, lanes);
    for (const uint64_t lane : lanes) total += lane;
  }
  return total;
}

uint64_t ReadShare(const uint64_t* data, size_t words) {
  constexpr size_t kStep = 2 * hn::MaxLanes(hn::ScalableTag<uint64_t>());
  // The distance is not a power of two, because the streams would then meet in the same cache sets and memory
  // banks.
  constexpr size_t kLongest = (size_t{4} << 20) / sizeof(uint64_t) + 9 * 64;
  uint64_t total = 0;
  while (words >= kStreams * kStep) {
    const size_t stream = std::min(kLongest, words / (kStreams * kStep) * kStep);
    total += ReadStreams(data, stream);
    data += kStreams * stream;
    words -= kStreams * stream;
  }
  for (size_t i = 0; i < words; ++i) total += data[i];
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
