// Reads of several requests: by one thread ahead of their use, or by whoever needs the rows first.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "model/ple/layer_major_rows.h"

namespace plelab {

// One request's rows on their way.
struct ReadJob {
  ReadJob(const PleGeometry& geometry, std::span<const int64_t> ids);

  std::vector<int64_t> rows;  // [n], of the table
  LayerMajorRows data;
  std::atomic<bool> abandoned = false;
  // ReadQueue's own, under its mutex.  Once kDone, data and error change no more.
  enum class State { kQueued, kReading, kDone } state = State::kQueued;
  std::exception_ptr error;
};

class ReadQueue {
 public:
  // read(job) fills job.data or throws; it may be called by two threads at once, for different jobs.
  // with_thread: jobs are read in the order of Submit from then on.  Without, each is read by its first
  // Finish.
  ReadQueue(std::function<void(ReadJob&)> read, bool with_thread);
  ~ReadQueue();  // waits for the read under way

  void Submit(std::shared_ptr<ReadJob> job);
  // Returns when the job is done.  Reads it here when the thread has not come to it: standing still would not
  // be faster. Throws what the read threw, at each call.  Thread-safe.
  void Finish(ReadJob& job);
  // Nobody wants the job any more.  Returns at once.
  void Abandon(ReadJob& job);

  int64_t threads() const { return thread_.joinable() ? 1 : 0; }
  // Cumulative, over finished reads.
  struct Times {
    int64_t read_ns = 0;
    int64_t hidden_ns = 0;  // read by the thread while nobody stood in Finish
  };
  Times times() const;

 private:
  void ThreadMain();
  enum class Reader { kThread, kCaller };
  void RunJob(std::unique_lock<std::mutex>& lock, ReadJob& job, Reader reader);
  void Withdraw(const ReadJob& job);
  int64_t ThreadReadingNs() const;

  std::function<void(ReadJob&)> read_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  // Under mutex_:
  std::deque<std::shared_ptr<ReadJob>> queued_;
  bool stopping_ = false;
  int64_t caller_read_ns_ = 0;
  int64_t thread_read_ns_ = 0;
  int64_t thread_read_waited_ns_ = 0;  // of thread_read_ns_, while somebody stood in Finish
  int64_t thread_reads_since_ns_ = 0;  // when the thread's present read began; 0: it is not reading
  std::thread thread_;
};

}  // namespace plelab
