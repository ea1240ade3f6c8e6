#include "model/ple/sources/disk_ple.h"

#include <utility>

namespace plelab {
namespace {

class DiskRequest : public PleRequest {
 public:
  DiskRequest(ReadQueue& queue, std::shared_ptr<ReadJob> job) : queue_(queue), job_(std::move(job)) {}
  ~DiskRequest() override { queue_.Abandon(*job_); }

  std::span<const std::byte> Layer(int64_t layer) override {
    const auto rows = job_->data.Layer(layer);
    queue_.Finish(*job_);
    return rows;
  }

 private:
  ReadQueue& queue_;
  std::shared_ptr<ReadJob> job_;
};

}  // namespace

DiskPle::DiskPle(const PleGeometry& geometry, std::unique_ptr<RandomAccessFile> file, int64_t offset_bytes,
                 bool prefetch)
    : geometry_(geometry),
      reader_(geometry, std::move(file), offset_bytes),
      queue_([this](ReadJob& job) { reader_.Read(job.rows, job.data, job.abandoned); }, prefetch) {}

std::unique_ptr<PleRequest> DiskPle::Begin(std::span<const int64_t> ids) {
  auto job = std::make_shared<ReadJob>(geometry_, ids);
  queue_.Submit(job);
  lookups_.fetch_add(std::ssize(ids), std::memory_order_relaxed);
  return std::make_unique<DiskRequest>(queue_, std::move(job));
}

PleStats DiskPle::stats() const {
  const int64_t lookups = lookups_.load(std::memory_order_relaxed);
  const IoCounters io = reader_.counters();
  const ReadQueue::Times times = queue_.times();
  return {.lookups = lookups,
          .misses = lookups,
          .read_calls = io.read_calls,
          .bytes_asked = io.bytes_asked,
          .row_bytes = lookups * geometry_.row_bytes(),
          .read_ns = times.read_ns,
          .hidden_ns = times.hidden_ns};
}

}  // namespace plelab
