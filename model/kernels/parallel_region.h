// Threads that wait for loops of one of them, the leader.  Free of torch and of OpenMP, which only bring the
// threads (parallel.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

#include "model/kernels/parallel.h"

namespace plelab {

class ParallelRegion {
 public:
  // The leader's part.  `threads`: how many there are, with the leader.
  void Open(int64_t threads) { threads_ = threads; }
  int64_t threads() const { return threads_; }
  // Calls share(i, i + 1) for i in 0 … shares − 1, a thread each, the leader's being 0; returns when all
  // have. REQUIRES shares <= threads().  Rethrows what one of them throws.
  void Run(int64_t shares, RangeBody share);
  // No more loops: Serve returns in all threads.
  void Close();

  // Of another thread, the `thread`-th: takes its share of each loop until Close.  Never throws.
  void Serve(int64_t thread);

 private:
  void Take(int64_t share);
  void Announce();

  int64_t threads_ = 1;
  // The loop that is announced: written by the leader only while every other thread waits.
  const RangeBody* share_ = nullptr;
  int64_t shares_ = 0;
  std::exception_ptr error_;  // of the thread that first failed
  std::atomic_flag failed_ = ATOMIC_FLAG_INIT;
  alignas(64) std::atomic<uint32_t> announced_ = 0;  // loops so far
  alignas(64) std::atomic<uint32_t> finished_ = 0;   // other threads that are through with the last one
};

}  // namespace plelab
