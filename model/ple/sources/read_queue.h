// Queues the reads of several requests, which one thread performs ahead of their use, or else the first
// caller that needs the rows.
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

// The rows of one request that are to be read.
struct ReadJob {
  ReadJob(const PleGeometry& geometry, std::span<const int64_t> ids);

  std::vector<int64_t> rows;  // [n], row numbers of the table
  LayerMajorRows data;
  std::atomic<bool> abandoned = false;
  // Used by ReadQueue only, guarded by its mutex.  Once the state is kDone, data and error no longer change.
  enum class State { kQueued, kReading, kDone } state = State::kQueued;
  std::exception_ptr error;
};

class ReadQueue {
 public:
  // read(job) fills job.data or throws; two threads may call it at the same time for different jobs.
  // with_thread: a thread reads the jobs in the order of Submit.  Without it, the first Finish of a job reads
  // it.
  ReadQueue(std::function<void(ReadJob&)> read, bool with_thread);
  ~ReadQueue();  // waits for a read in progress

  void Submit(std::shared_ptr<ReadJob> job);
  // Returns when the job is done.  When the thread has not started it yet, the caller reads it itself, since
  // waiting would not be faster.  Throws what the read threw, at every call.  Thread-safe.
  void Finish(ReadJob& job);
  // Declares that the job's rows are no longer needed.  Returns at once.
  void Abandon(ReadJob& job);

  int64_t threads() const { return thread_.joinable() ? 1 : 0; }
  // Cumulative times of finished reads.
  struct Times {
    int64_t read_ns = 0;
    int64_t hidden_ns = 0;  // reading by the thread while no caller waited in Finish
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
  // Guarded by mutex_:
  std::deque<std::shared_ptr<ReadJob>> queued_;
  bool stopping_ = false;
  int64_t caller_read_ns_ = 0;
  int64_t thread_read_ns_ = 0;
  int64_t thread_read_waited_ns_ = 0;  // the part of thread_read_ns_ during which a caller waited in Finish
  int64_t thread_reads_since_ns_ = 0;  // when the thread's current read began; 0 when it is not reading
  std::thread thread_;
};

}  // namespace plelab
