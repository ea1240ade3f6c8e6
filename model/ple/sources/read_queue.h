// Queues the reads of several requests, which one thread performs ahead of their use, or else the first
// caller that needs the rows.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "model/ple/read_observer.h"
#include "model/ple/row_reader.h"

namespace plelab {

// The reads of one request.
struct ReadJob {
  explicit ReadJob(std::unique_ptr<RowBatch> batch) : batch(std::move(batch)) {}

  std::unique_ptr<RowBatch> batch;
  std::atomic<bool> abandoned = false;
  // Used by ReadQueue only, guarded by its mutex.
  enum class State { kIdle, kQueued, kReading } state = State::kIdle;
  size_t done = 0;           // so many reads, the first ones, have ended well
  std::exception_ptr error;  // of read `done`, after which none is begun
};

class ReadQueue {
 public:
  // with_thread: a thread performs the reads of the jobs in the order of Submit.  Without it, Finish does.
  explicit ReadQueue(bool with_thread);
  ~ReadQueue();  // waits for a read in progress

  void Submit(std::shared_ptr<ReadJob> job);
  // Returns when the first `reads` reads of the job are done.  Where the thread has not begun with the job,
  // the caller performs them itself, since waiting would not be faster.  Throws what one of them threw, at
  // every call.  Thread-safe.
  void Finish(ReadJob& job, size_t reads);
  // Declares that the job's rows are no longer needed.  Returns at once.
  void Abandon(ReadJob& job);

  // Sets who is told of each read; nullptr: nobody, and when it returns nobody is any more.
  void Observe(ReadObserver* observer);

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
  void Perform(std::unique_lock<std::mutex>& lock, ReadJob& job, size_t reads, Reader reader);
  void PerformOne(std::unique_lock<std::mutex>& lock, ReadJob& job, Reader reader);
  void Withdraw(ReadJob& job);
  int64_t ThreadReadingNs() const;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  // Guarded by mutex_:
  std::deque<std::shared_ptr<ReadJob>> queued_;
  bool stopping_ = false;
  ReadObserver* observer_ = nullptr;
  int64_t caller_read_ns_ = 0;
  int64_t thread_read_ns_ = 0;
  int64_t thread_read_waited_ns_ = 0;  // the part of thread_read_ns_ during which a caller waited in Finish
  int64_t thread_reads_since_ns_ = 0;  // when the thread's current read began; 0 when it is not reading
  std::thread thread_;
};

}  // namespace plelab
