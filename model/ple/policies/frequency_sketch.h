// How often each row was asked for lately, in a few bytes for each row that a cache holds.
// Cormode and Muthukrishnan, "An improved data stream summary: the count-min sketch" (2005).
#pragma once

#include <cstdint>
#include <vector>

namespace plelab {

// Four counters stand for a row, and the smallest of them is its estimate: too high where other rows share
// all four, and, up to 15, where counters stop, never too low before the first ageing.  After ten times
// `rows` additions, and then after every five times as many, all are halved, so that what was popular long
// ago is forgotten.
class FrequencySketch {
 public:
  // rows: how many distinct rows it is expected to tell apart, at least 1.
  explicit FrequencySketch(int64_t rows);
  void Add(int64_t row);
  int64_t Estimate(int64_t row) const;

 private:
  static constexpr int kHashes = 4;
  size_t IndexOf(int64_t row, int hash) const;
  void Halve();

  uint64_t mask_;
  int64_t additions_ = 0, additions_until_halved_;
  std::vector<uint8_t> counters_;  // [kHashes, mask_ + 1]
};

}  // namespace plelab
