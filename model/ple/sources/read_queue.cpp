#include "model/ple/sources/read_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace plelab {
namespace {

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ReadJob::ReadJob(const PleGeometry& geometry, std::span<const int64_t> ids)
    : data(geometry, std::ssize(ids)) {
  rows.reserve(ids.size());
  for (int64_t id : ids) rows.push_back(PleRowOfId(id, geometry.vocab));
}

ReadQueue::ReadQueue(std::function<void(ReadJob&)> read, bool with_thread) : read_(std::move(read)) {
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
  if (!thread_.joinable()) return;  // the first Finish of the job reads it
  {
    const std::lock_guard lock(mutex_);
    queued_.push_back(std::move(job));
  }
  work_.notify_one();
}

void ReadQueue::Finish(ReadJob& job) {
  std::unique_lock lock(mutex_);
  if (job.state != ReadJob::State::kDone) {
    const int64_t thread_ns_before = ThreadReadingNs();
    if (job.state == ReadJob::State::kQueued) {
      Withdraw(job);
      RunJob(lock, job, Reader::kCaller);
    }
    done_.wait(lock, [&] { return job.state == ReadJob::State::kDone; });
    thread_read_waited_ns_ += ThreadReadingNs() - thread_ns_before;
  }
  if (job.error) std::rethrow_exception(job.error);
}

void ReadQueue::Abandon(ReadJob& job) {
  job.abandoned = true;
  const std::lock_guard lock(mutex_);
  if (job.state == ReadJob::State::kQueued) Withdraw(job);
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
    RunJob(lock, *job, Reader::kThread);
  }
}

// The caller holds the lock on entry and on return; the read itself runs without it.
void ReadQueue::RunJob(std::unique_lock<std::mutex>& lock, ReadJob& job, Reader reader) {
  const int64_t begin_ns = NowNs();
  if (reader == Reader::kThread) thread_reads_since_ns_ = begin_ns;
  job.state = ReadJob::State::kReading;
  lock.unlock();
  std::exception_ptr error;
  try {
    read_(job);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  (reader == Reader::kThread ? thread_read_ns_ : caller_read_ns_) += NowNs() - begin_ns;
  if (reader == Reader::kThread) thread_reads_since_ns_ = 0;
  job.error = error;
  job.state = ReadJob::State::kDone;
  done_.notify_all();
}

void ReadQueue::Withdraw(const ReadJob& job) {
  std::erase_if(queued_, [&](const std::shared_ptr<ReadJob>& queued) { return queued.get() == &job; });
}

// How long the thread has been reading up to now, its current read included.
int64_t ReadQueue::ThreadReadingNs() const {
  return thread_read_ns_ + (thread_reads_since_ns_ == 0 ? 0 : NowNs() - thread_reads_since_ns_);
}

}  // namespace plelab
