// Which rows a cache holds: the interface that every eviction policy implements.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace plelab {

// A policy is the index of a cache without the bytes.  It says which rows are held, in which slot each of
// them lies, and which row leaves when another enters.  The live cache puts a slab of memory beside it
// (RowSlab), a replay counts hits with it alone, so both run the same code.
//
// The protocol of one request for a row is: Touch, and where that returns kNone, Admit.  Not thread-safe.
class EvictionPolicy {
 public:
  static constexpr int32_t kNone = -1;  // no slot; as a row: no row

  // capacity: how many rows are held at most, 0 ≤ capacity < 2^31.
  explicit EvictionPolicy(int64_t capacity);
  virtual ~EvictionPolicy() = default;
  EvictionPolicy(const EvictionPolicy&) = delete;
  EvictionPolicy& operator=(const EvictionPolicy&) = delete;

  int64_t capacity() const { return capacity_; }
  int64_t held() const { return static_cast<int64_t>(slot_of_row_.size()); }
  // The slot of the row in [0, capacity), or kNone when it is not held.  Looking is not a use.
  int32_t Find(int64_t row) const;
  // Counts a request for the row, and returns what Find returns.
  int32_t Touch(int64_t row);

  struct Admission {
    int32_t slot = kNone;    // where the row is held now; kNone when the policy refused it
    int64_t victim = kNone;  // the row that left its slot for it; kNone when there was room
  };
  // Offers a row that the last Touch did not find.  A cache without capacity refuses every row.
  Admission Admit(int64_t row);

 protected:
  // What a subclass learns, in the order of the calls.  Used: Touch found the row in this slot.
  virtual void Used(int32_t slot) = 0;
  // Touch did not find the row.
  virtual void Missed(int64_t /*row*/) {}
  // Whether a row may enter at all, also where there is room.
  virtual bool Wants(int64_t /*row*/) const { return true; }
  // The cache is full: which slot `row` shall take, or kNone to refuse the row.  The row in that slot leaves
  // at once, so the subclass forgets it here.
  virtual int32_t ChooseVictim(int64_t row) = 0;
  // The row is held in this slot from now on.
  virtual void Entered(int32_t slot) = 0;

  int64_t RowIn(int32_t slot) const { return row_of_slot_[slot]; }

 private:
  int64_t capacity_;
  std::unordered_map<int64_t, int32_t> slot_of_row_;
  std::vector<int64_t> row_of_slot_;  // [held]
};

}  // namespace plelab
