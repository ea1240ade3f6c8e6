// The policy `static_hot`: the most frequent rows of another text, and no others.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// The rows that occur most often in `learned`, at most `capacity` of them, the most frequent first; of
// equally frequent rows the smaller number comes first.
std::vector<int64_t> MostFrequentRows(std::span<const int64_t> learned, int64_t capacity);

// Only hot rows enter, and none of them ever leaves.
class StaticHotPolicy : public EvictionPolicy {
 public:
  // hot: distinct rows, no more than `capacity`.
  StaticHotPolicy(int64_t capacity, std::span<const int64_t> hot)
      : EvictionPolicy(capacity), hot_(hot.begin(), hot.end()) {}

 protected:
  void Used(int32_t) override {}
  bool Wants(int64_t row) const override { return hot_.contains(row); }
  int32_t ChooseVictim(int64_t) override { return kNone; }
  void Entered(int32_t) override {}

 private:
  std::unordered_set<int64_t> hot_;
};

}  // namespace plelab
