// Threads that do the same work together again and again, as those of a model do in each layer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace plelab {

// The caller is thread 0 of the team.  Each of the others stays on a core of its own, because a kernel that
// has more to do likes to put a thread that wakes beside the one that woke it, where both wait for each other
// in turns; the caller and the threads of sources go where there is room.  Between two pieces of work the
// others spin for a while, as threads of LibTorch do by default, and then sleep: layers of a fast model
// follow each other faster than a thread wakes.
class ThreadTeam {
 public:
  explicit ThreadTeam(int64_t threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int64_t threads() const { return std::ssize(helpers_) + 1; }
  // Calls work(thread) once in each thread and returns when all have returned.  It must not throw.
  void Run(const std::function<void(int64_t thread)>& work);

 private:
  void Help(int64_t thread);

  std::atomic<uint64_t> round_ = 0;  // counts calls of Run
  std::atomic<int64_t> busy_ = 0;    // helpers that have not finished the round
  std::atomic<bool> ending_ = false;
  const std::function<void(int64_t)>* work_ = nullptr;  // of the round; written before round_ is
  std::vector<std::jthread> helpers_;
};

}  // namespace plelab
