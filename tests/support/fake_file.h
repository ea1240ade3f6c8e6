// A file in memory whose reads can be made to fail, to return less, or to wait.  Free of torch.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "model/ple/strategies/factory.h"

namespace plelab {

// The test's handle on the disk, which every FakeFile opened from it shares.  Thread-safe.
class FakeDisk {
 public:
  explicit FakeDisk(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  // Makes the nth read from now on (1: the next) throw a ReadError as if it had read nothing.
  void FailRead(int64_t nth) {
    Set([&] { fails_at_ = reads_started_ + nth; });
  }
  // Makes the file end at `size_bytes` from now on.
  void Truncate(int64_t size_bytes) {
    Set([&] { bytes_.resize(size_bytes); });
  }
  // Makes reads wait inside Read until Release.
  void Block() {
    Set([&] { blocked_ = true; });
  }
  void Release() {
    Set([&] { blocked_ = false; });
  }
  void Delay(std::chrono::nanoseconds each_read) {
    Set([&] { delay_ = each_read; });
  }

  // How many reads have entered and left Read.
  int64_t reads_started() const { return Get(reads_started_); }
  int64_t reads_ended() const { return Get(reads_ended_); }
  void WaitUntilStarted(int64_t reads) {
    WaitFor([&] { return reads_started_ >= reads; });
  }
  void WaitUntilEnded(int64_t reads) {
    WaitFor([&] { return reads_ended_ >= reads; });
  }
  IoCounters counters() const { return Get(counters_); }
  int64_t size_bytes() const { return Get(static_cast<int64_t>(bytes_.size())); }

  // For PleSourceContext::open: opens a view of this disk, whatever the path and backend.
  static FileOpener Opener(std::shared_ptr<FakeDisk> disk);

  void Read(const std::string& path, int64_t offset, std::span<std::byte> out) {
    std::unique_lock lock(mutex_);
    const bool fails = ++reads_started_ == fails_at_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !blocked_; });
    const auto delay = delay_;
    lock.unlock();
    if (delay.count() > 0) std::this_thread::sleep_for(delay);
    lock.lock();
    const auto expected = static_cast<int64_t>(out.size());
    const int64_t there = std::clamp<int64_t>(static_cast<int64_t>(bytes_.size()) - offset, 0, expected);
    const int64_t found = fails ? 0 : there;
    if (found > 0) std::memcpy(out.data(), bytes_.data() + offset, found);
    counters_ = {counters_.read_calls + 1, counters_.bytes_asked + expected};
    ++reads_ended_;
    changed_.notify_all();
    if (found < expected)
      throw ReadError(path, offset, expected, found, fails ? "made to fail" : "made to end");
  }

 private:
  template <class Change>
  void Set(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class T>
  T Get(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  template <class Condition>
  void WaitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> bytes_;
  IoCounters counters_;
  int64_t reads_started_ = 0, reads_ended_ = 0, fails_at_ = -1;
  bool blocked_ = false;
  std::chrono::nanoseconds delay_{0};
};

class FakeFile : public RandomAccessFile {
 public:
  FakeFile(std::string path, std::shared_ptr<FakeDisk> disk)
      : path_(std::move(path)), disk_(std::move(disk)), size_bytes_(disk_->size_bytes()) {}

  void Read(int64_t offset, std::span<std::byte> out) override { disk_->Read(path_, offset, out); }
  int64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return path_; }
  IoCounters counters() const override { return disk_->counters(); }

 private:
  std::string path_;
  std::shared_ptr<FakeDisk> disk_;
  int64_t size_bytes_;
};

inline FileOpener FakeDisk::Opener(std::shared_ptr<FakeDisk> disk) {
  return [disk](const std::string& path, const IoOptions&) { return std::make_unique<FakeFile>(path, disk); };
}

}  // namespace plelab
