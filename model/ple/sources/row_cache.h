// What a cache of rows is made of: a fixed number of rows in RAM, and a policy that says which one leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace plelab {

// Rows are told apart by their number in the table; the bytes of one are row_bytes.  Not thread-safe.
class RowCache {
 public:
  virtual ~RowCache() = default;

  virtual int64_t capacity() const = 0;    // rows
  virtual int64_t fast_bytes() const = 0;  // RAM for rows: capacity · row_bytes
  // nullptr when the row is not held.  What leaves next does not change.
  virtual const std::byte* Find(int64_t row) const = 0;
  // A held row is used once more; false when it is not held.
  virtual bool Touch(int64_t row) = 0;
  // Takes in a row that is not held, in the place of another one when full; returns where its bytes go.
  // REQUIRES capacity() > 0.
  virtual std::byte* Insert(int64_t row) = 0;
  // The positions in `rows` to touch or insert, in this order, for the cache to end as if every row had been
  // used one by one.  A policy that knows which of them cannot stay leaves them out.
  virtual std::vector<int32_t> PositionsToUse(std::span<const int64_t> rows) const {
    std::vector<int32_t> positions(capacity() > 0 ? rows.size() : 0);
    std::iota(positions.begin(), positions.end(), 0);
    return positions;
  }
};

}  // namespace plelab
