#include "model/ple/sources/timed_ple.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "model/ple/ple_source.h"

namespace plelab {
namespace {

// Adds its own lifetime to `total_ns`, also when an exception ends it.
class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<int64_t>& total_ns) : total_ns_(total_ns) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    total_ns_.fetch_add(std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count(),
                        std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t>& total_ns_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

class TimedRequest : public PleRequest {
 public:
  TimedRequest(std::unique_ptr<PleRequest> request, std::atomic<int64_t>& wait_ns)
      : request_(std::move(request)), wait_ns_(wait_ns) {}

  PleKind kind() const override { return request_->kind(); }
  std::span<const std::byte> Layer(int64_t layer) override {
    const Stopwatch stopwatch(wait_ns_);
    return request_->Layer(layer);
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t slice_bytes) override {
    const Stopwatch stopwatch(wait_ns_);
    return request_->Slice(layer, position, slice_bytes);
  }

 private:
  std::unique_ptr<PleRequest> request_;
  std::atomic<int64_t>& wait_ns_;
};

class TimedPle : public PleWrapper {
 public:
  using PleWrapper::PleWrapper;

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    const Stopwatch stopwatch(wait_ns_);
    return std::make_unique<TimedRequest>(over().Begin(ids), wait_ns_);
  }
  void Expect(std::span<const int64_t> ids) override {
    const Stopwatch stopwatch(wait_ns_);
    over().Expect(ids);
  }
  PleStats stats() const override {
    PleStats stats = PleWrapper::stats();
    stats.wait_ns = wait_ns_.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  std::atomic<int64_t> wait_ns_ = 0;
};

}  // namespace

std::unique_ptr<PleSource> MakeTimedPle(std::unique_ptr<PleSource> source) {
  return std::make_unique<TimedPle>(std::move(source));
}

}  // namespace plelab
