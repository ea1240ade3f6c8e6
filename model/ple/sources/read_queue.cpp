#include "model/ple/sources/read_queue.h"

#include <algorithm>
#include <utility>

#include "model/ple/sources/read_clock.h"

namespace plelab {

ReadQueue::ReadQueue(bool with_thread) {
  if (with_thread) thread_ = std::thread([this] { ThreadMain(); });
}

ReadQueue::~ReadQueue() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void ReadQueue::Submit(std::shared_ptr<ReadJob> job) {
  if (!thread_.joinable()) return;  // Finish reads
  {
    const std::lock_guard lock(mutex_);
    job->state = ReadJob::State::kQueued;
    queued_.push_back(std::move(job));
  }
  work_.notify_one();
}

void ReadQueue::Finish(ReadJob& job, size_t reads) {
  std::unique_lock lock(mutex_);
  const int64_t thread_ns_before = ThreadReadingNs();
  while (job.done < reads && !job.error) {
    if (job.state == ReadJob::State::kQueued) Withdraw(job);
    if (job.state == ReadJob::State::kIdle) {
      Perform(lock, job, reads, Reader::kCaller);
    } else {
      done_.wait(lock);
    }
  }
  thread_read_waited_ns_ += ThreadReadingNs() - thread_ns_before;
  if (job.done < reads) std::rethrow_exception(job.error);
}

void ReadQueue::Abandon(ReadJob& job) {
  job.abandoned = true;
  const std::lock_guard lock(mutex_);
  if (job.state == ReadJob::State::kQueued) Withdraw(job);
}

void ReadQueue::Observe(ReadObserver* observer) {
  const std::lock_guard lock(mutex_);
  observer_ = observer;
}

ReadQueue::Times ReadQueue::times() const {
  const std::lock_guard lock(mutex_);
  return {caller_read_ns_ + thread_read_ns_, std::max<int64_t>(0, thread_read_ns_ - thread_read_waited_ns_)};
}

void ReadQueue::ThreadMain() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || !queued_.empty(); });
    if (stopping_) return;
    // The job must stay alive when its request is destroyed meanwhile.
    const std::shared_ptr<ReadJob> job = std::move(queued_.front());
    queued_.pop_front();
    Perform(lock, *job, job->batch->reads(), Reader::kThread);
  }
}

// The caller holds the lock on entry and on return; the reads themselves run without it.
void ReadQueue::Perform(std::unique_lock<std::mutex>& lock, ReadJob& job, size_t reads, Reader reader) {
  job.state = ReadJob::State::kReading;
  while (job.done < reads && !job.error && !job.abandoned) PerformOne(lock, job, reader);
  job.state = ReadJob::State::kIdle;
  done_.notify_all();
}

void ReadQueue::PerformOne(std::unique_lock<std::mutex>& lock, ReadJob& job, Reader reader) {
  const size_t index = job.done;
  const int64_t begin_ns = ReadClockNs();
  if (reader == Reader::kThread) thread_reads_since_ns_ = begin_ns;
  lock.unlock();
  std::exception_ptr error;
  try {
    job.batch->Wait(index);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  const int64_t end_ns = ReadClockNs();
  (reader == Reader::kThread ? thread_read_ns_ : caller_read_ns_) += end_ns - begin_ns;
  if (reader == Reader::kThread) thread_reads_since_ns_ = 0;
  if (observer_ != nullptr) observer_->SeeRead(begin_ns, end_ns);
  job.error = error;
  if (!error) job.done = index + 1;
  done_.notify_all();
}

void ReadQueue::Withdraw(ReadJob& job) {
  job.state = ReadJob::State::kIdle;
  std::erase_if(queued_, [&](const std::shared_ptr<ReadJob>& queued) { return queued.get() == &job; });
}

// How long the thread has been reading up to now, its current read included.
int64_t ReadQueue::ThreadReadingNs() const {
  return thread_read_ns_ + (thread_reads_since_ns_ == 0 ? 0 : ReadClockNs() - thread_reads_since_ns_);
}

}  // namespace plelab
