#include "model/ple/policies/frequency_sketch.h"

#include <algorithm>
#include <bit>

#include "model/base/random_bits.h"

namespace plelab {
namespace {

constexpr uint8_t kMost = 15;
constexpr int64_t kAdditionsPerRow = 10;
constexpr int64_t kCountersPerRow = 4;  // of each hash: rows that are not held are asked for and counted too

}  // namespace

FrequencySketch::FrequencySketch(int64_t rows)
    : mask_(std::bit_ceil(static_cast<uint64_t>(kCountersPerRow * rows)) - 1),
      additions_until_halved_(kAdditionsPerRow * rows),
      counters_(kHashes * (mask_ + 1)) {}

size_t FrequencySketch::IndexOf(int64_t row, int hash) const {
  const uint64_t bits = MixBits(static_cast<uint64_t>(row) * kHashes + static_cast<uint64_t>(hash));
  return static_cast<size_t>(hash) * (mask_ + 1) + (bits & mask_);
}

void FrequencySketch::Add(int64_t row) {
  for (int hash = 0; hash < kHashes; ++hash) {
    uint8_t& counter = counters_[IndexOf(row, hash)];
    if (counter < kMost) ++counter;
  }
  if (++additions_ == additions_until_halved_) Halve();
}

int64_t FrequencySketch::Estimate(int64_t row) const {
  uint8_t least = kMost;
  for (int hash = 0; hash < kHashes; ++hash) least = std::min(least, counters_[IndexOf(row, hash)]);
  return least;
}

void FrequencySketch::Halve() {
  for (uint8_t& counter : counters_) counter /= 2;
  additions_ /= 2;
}

}  // namespace plelab
