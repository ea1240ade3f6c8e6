// IoCounters that several reading threads add to.
#pragma once

#include <atomic>

#include "model/io/random_access_file.h"

namespace plelab {

class AtomicIoCounters {
 public:
  // One read of `asked` bytes that moved `moved`.
  void Add(int64_t asked, int64_t moved) {
    read_calls_.fetch_add(1, std::memory_order_relaxed);
    bytes_asked_.fetch_add(asked, std::memory_order_relaxed);
    bytes_moved_.fetch_add(moved, std::memory_order_relaxed);
  }
  IoCounters Load() const {
    return {read_calls_.load(std::memory_order_relaxed), bytes_asked_.load(std::memory_order_relaxed),
            bytes_moved_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<int64_t> read_calls_ = 0;
  std::atomic<int64_t> bytes_asked_ = 0;
  std::atomic<int64_t> bytes_moved_ = 0;
};

}  // namespace plelab
