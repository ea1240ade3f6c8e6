// A cache of rows: a fixed number of rows in RAM, and a policy that decides which of them is evicted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace plelab {

// Rows are identified by their number in the table; each has row_bytes bytes.  Not thread-safe.
class RowCache {
 public:
  virtual ~RowCache() = default;

  virtual int64_t capacity() const = 0;    // rows
  virtual int64_t held() const = 0;        // rows that it holds now
  virtual int64_t fast_bytes() const = 0;  // RAM for rows: capacity · row_bytes
  // The bytes of the row, or nullptr when it is not held.  Does not count as a use: the order of eviction
  // stays unchanged.
  virtual const std::byte* Find(int64_t row) const = 0;
  // Counts a use of the row.  Returns false when it is not held.
  virtual bool Touch(int64_t row) = 0;
  // Adds a row, evicting another one when the cache is full, and returns where the caller must write its
  // bytes.  REQUIRES that the row is not held and capacity() > 0.
  virtual std::byte* Insert(int64_t row) = 0;
  // The positions in `rows` that must be touched or inserted, in this order, for the cache to end in the
  // state that using every row one by one leads to.  A policy may leave out rows that would be evicted again.
  virtual std::vector<int32_t> PositionsToUse(std::span<const int64_t> rows) const {
    std::vector<int32_t> positions(capacity() > 0 ? rows.size() : 0);
    std::iota(positions.begin(), positions.end(), 0);
    return positions;
  }
};

}  // namespace plelab
