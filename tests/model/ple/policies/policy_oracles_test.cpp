// Each policy beside a slow one, lookup by lookup.  They are written from the papers, but s3fifo's follows
// libCacheSim where the two differ, and tinylfu's counts with the project's own sketch.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <vector>

#include "model/ple/policies/cache_policies.h"
#include "model/ple/policies/frequency_sketch.h"
#include "model/ple/replay/replay.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace policy_oracles_test {

// Returns whether the row was held, and takes it in.
using Oracle = std::function<bool(int64_t row)>;

struct Entry {
  int64_t row = 0;
  int64_t uses = 0;  // or a mark
  int64_t priority = 0, used_at = 0;
};
using Entries = std::deque<Entry>;

Entries::iterator FindIn(Entries& entries, int64_t row) {
  return std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.row == row; });
}

Oracle SlowLru(size_t capacity) {
  return [capacity, newest_first = std::list<int64_t>()](int64_t row) mutable {
    const size_t before = newest_first.size();
    newest_first.remove(row);
    const bool hit = newest_first.size() < before;
    newest_first.push_front(row);
    if (newest_first.size() > capacity) newest_first.pop_back();
    return hit;
  };
}

// First in, first out; a used row goes to the end of the line once more.
Oracle SlowClock(size_t capacity) {
  return [capacity, line = Entries()](int64_t row) mutable {
    const auto found = FindIn(line, row);
    if (found != line.end()) {
      found->uses = 1;
      return true;
    }
    while (line.size() == capacity) {
      const Entry first = line.front();
      line.pop_front();
      if (first.uses > 0) line.push_back({.row = first.row});
    }
    line.push_back({.row = row});
    return false;
  };
}

Oracle SlowSieve(size_t capacity) {
  return [capacity, oldest_first = Entries(), hand = size_t{0}](int64_t row) mutable {
    const auto found = FindIn(oldest_first, row);
    if (found != oldest_first.end()) {
      found->uses = 1;
      return true;
    }
    if (oldest_first.size() == capacity) {
      for (; oldest_first[hand].uses > 0; hand = (hand + 1) % capacity) oldest_first[hand].uses = 0;
      oldest_first.erase(oldest_first.begin() + static_cast<std::ptrdiff_t>(hand));
      // What was next has moved to the hand's place; after the newest row the hand starts at the oldest, even
      // though a new row is added now.
      if (hand == oldest_first.size()) hand = 0;
    }
    oldest_first.push_back({.row = row});
    return false;
  };
}

Oracle SlowLfu(size_t capacity) {
  return [capacity, held = Entries(), age = int64_t{0}, now = int64_t{0}](int64_t row) mutable {
    ++now;
    const auto found = FindIn(held, row);
    if (found != held.end()) {
      ++found->uses;
      found->priority = found->uses + age;
      found->used_at = now;
      return true;
    }
    if (held.size() == capacity) {
      const auto lowest = std::min_element(held.begin(), held.end(), [](const Entry& a, const Entry& b) {
        return a.priority != b.priority ? a.priority < b.priority : a.used_at < b.used_at;
      });
      age = lowest->priority;
      held.erase(lowest);
    }
    held.push_back({.row = row, .uses = 1, .priority = 1 + age, .used_at = now});
    return false;
  };
}

class SlowS3Fifo {
 public:
  explicit SlowS3Fifo(size_t capacity)
      : capacity_(capacity), small_capacity_(std::max<size_t>(1, capacity / 10)) {}

  bool operator()(int64_t row) {
    for (Entries* queue : {&small_, &main_}) {
      const auto found = FindIn(*queue, row);
      if (found == queue->end()) continue;
      ++found->uses;
      return true;
    }
    const auto ghost = std::find(ghosts_.begin(), ghosts_.end(), row);
    const bool known = ghost != ghosts_.end();
    if (known) ghosts_.erase(ghost);
    while (small_.size() + main_.size() == capacity_) {
      has_evicted_ = true;
      main_.size() > capacity_ - small_capacity_ || small_.empty() ? EvictFromMain() : EvictFromSmall();
    }
    const bool to_main = known || (!has_evicted_ && small_.size() >= small_capacity_);
    (to_main ? main_ : small_).push_back({.row = row});
    return false;
  }

 private:
  // One row leaves, or all rows of the queue move to the main one.
  void EvictFromSmall() {
    while (!small_.empty()) {
      const Entry first = small_.front();
      small_.pop_front();
      if (first.uses < 2) {
        ghosts_.push_back(first.row);
        if (ghosts_.size() > capacity_ * 9 / 10) ghosts_.pop_front();
        return;
      }
      main_.push_back({.row = first.row});
    }
  }
  void EvictFromMain() {
    while (true) {
      const Entry first = main_.front();
      main_.pop_front();
      if (first.uses == 0) return;
      main_.push_back({.row = first.row, .uses = std::min<int64_t>(first.uses, 3) - 1});
    }
  }

  size_t capacity_, small_capacity_;
  Entries small_, main_;
  std::deque<int64_t> ghosts_;
  bool has_evicted_ = false;
};

// Counts with the project's own sketch, which has its own test.
class SlowTinyLfu {
 public:
  explicit SlowTinyLfu(size_t capacity)
      : window_capacity_(std::max<size_t>(1, capacity / 100)),
        main_capacity_(capacity - window_capacity_),
        asked_(static_cast<int64_t>(capacity)) {}

  bool operator()(int64_t row) {
    asked_.Add(row);
    for (Entries* queue : {&window_, &probation_, &protected_}) {
      const auto found = FindIn(*queue, row);
      if (found == queue->end()) continue;
      queue->erase(found);
      (queue == &window_ ? window_ : protected_).push_back({.row = row});
      if (protected_.size() > main_capacity_ * 4 / 5) PassOldest(protected_, probation_);
      return true;
    }
    if (window_.size() < window_capacity_ || probation_.size() + protected_.size() < main_capacity_) {
      window_.push_back({.row = row});
      if (window_.size() > window_capacity_) PassOldest(window_, probation_);
      return false;
    }
    Entries& main = probation_.empty() ? protected_ : probation_;
    if (!main.empty() && asked_.Estimate(window_.front().row) > asked_.Estimate(main.front().row)) {
      main.pop_front();
      PassOldest(window_, probation_);
    } else {
      window_.pop_front();
    }
    window_.push_back({.row = row});
    return false;
  }

 private:
  static void PassOldest(Entries& from, Entries& to) {
    to.push_back(from.front());
    from.pop_front();
  }

  size_t window_capacity_, main_capacity_;
  Entries window_, probation_, protected_;
  FrequencySketch asked_;
};

const std::map<CachePolicy, std::function<Oracle(size_t capacity)>>& Oracles() {
  static const std::map<CachePolicy, std::function<Oracle(size_t capacity)>> oracles = {
      {CachePolicy::kLru, SlowLru},
      {CachePolicy::kLfu, SlowLfu},
      {CachePolicy::kClock, SlowClock},
      {CachePolicy::kS3Fifo, [](size_t capacity) { return SlowS3Fifo(capacity); }},
      {CachePolicy::kSieve, SlowSieve},
      {CachePolicy::kTinyLfu, [](size_t capacity) { return SlowTinyLfu(capacity); }},
  };
  return oracles;
}

// All but those that learn, whose rows are in static_hot_test.cpp.
std::vector<CachePolicyRow> PoliciesWithAnOracle() {
  std::vector<CachePolicyRow> rows;
  for (const CachePolicyRow& row : CachePolicies()) {
    if (!row.learns) rows.push_back(row);
  }
  return rows;
}

class PolicyOracle : public ::testing::TestWithParam<CachePolicyRow> {};

TEST_P(PolicyOracle, HitsTheSameLookups) {
  const auto oracle_of = Oracles().at(GetParam().policy);
  for (const uint64_t seed : {1, 2, 3}) {
    const auto stream = UnequalRows(6000, 400, seed);
    for (const size_t capacity : {1, 2, 3, 9, 10, 20, 57, 100, 230}) {
      const auto policy = GetParam().make(static_cast<int64_t>(capacity), {});
      const Oracle oracle = oracle_of(capacity);
      const std::vector<uint8_t> hits = Replay(*policy, stream);
      for (size_t i = 0; i < stream.size(); ++i) {
        ASSERT_EQ(hits[i] == 1, oracle(stream[i])) << "capacity " << capacity << ", lookup " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(CachePolicies, PolicyOracle, ::testing::ValuesIn(PoliciesWithAnOracle()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace policy_oracles_test
}  // namespace plelab
