#include "model/ple/sources/disk_ple.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/ple/decoded_rows.h"
#include "model/ple/sources/read_clock.h"

namespace plelab {

// What both kinds of requests share: a batch whose reads somebody performs.
class DiskPle::Request : public PleRequest {
 public:
  Request(DiskPle& source, int64_t n)
      : table_(source.reader_.table()),
        decoded_(table_.geometry, table_.codec.get(), n, &source.decoded_memory_) {}

  std::span<const std::byte> Layer(int64_t layer) override {
    CheckPleLayer(table_.geometry, layer);
    const RowBatch& batch = WaitFor(layer, decoded_.copies() ? &decoded_ : nullptr);
    return decoded_.Layer(layer, [&](int64_t position) { return batch.Slice(position, layer); });
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t /*slice_bytes*/) override {
    CheckPleLayer(table_.geometry, layer);
    return WaitFor(layer, nullptr).Slice(position, layer);
  }

 protected:
  // Returns the batch once the layer's reads are done.  decoded: nullptr, or what may take rows that are
  // there while others are awaited.
  virtual const RowBatch& WaitFor(int64_t layer, DecodedRows* decoded) = 0;

 private:
  const PleTable& table_;
  DecodedRows decoded_;
};

// The file reads only while somebody waits: the queue's thread, or else the caller.
class DiskPle::QueuedRequest : public Request {
 public:
  QueuedRequest(DiskPle& source, std::span<const int64_t> rows)
      : Request(source, std::ssize(rows)),
        reader_(source.reader_),
        queue_(source.queue_),
        job_(std::make_shared<ReadJob>(source.reader_.Submit(rows))) {
    queue_.Submit(job_);
  }
  ~QueuedRequest() override {
    queue_.Abandon(*job_);
    reader_.Trim();
  }

 protected:
  const RowBatch& WaitFor(int64_t layer, DecodedRows*) override {
    const size_t reads = job_->batch->ReadsUntil(layer);
    if (waited_for_ < reads) queue_.Finish(*job_, reads);
    waited_for_ = std::max(waited_for_, reads);
    return *job_->batch;
  }

 private:
  RowReader& reader_;
  ReadQueue& queue_;
  std::shared_ptr<ReadJob> job_;
  size_t waited_for_ = 0;
};

// The file reads by itself from when the batch was submitted.
class DiskPle::OwnRequest : public Request {
 public:
  OwnRequest(DiskPle& source, std::vector<int64_t> rows)
      : Request(source, std::ssize(rows)), source_(source), rows_(std::move(rows)) {
    if (source.prefetch_) Submit();
  }

 protected:
  const RowBatch& WaitFor(int64_t layer, DecodedRows* decoded) override {
    const bool is_late = batch_ == nullptr;
    if (is_late) Submit();
    const size_t reads = batch_->ReadsUntil(layer);
    if (waited_for_ >= reads) return *batch_;
    const int64_t asked_ns = is_late ? counted_until_ns_ : ReadClockNs();
    if (reads - waited_for_ == 1) decoded = nullptr;  // nothing else to wait for
    int64_t read_until_ns = asked_ns;
    for (size_t i = waited_for_; i < reads; ++i) {
      batch_->Wait(i);
      if (i + 1 == reads) read_until_ns = ReadClockNs();
      if (decoded != nullptr) TakeRows(i, *decoded);
    }
    if (decoded != nullptr) {
      const int64_t begin = batch_->LayersOf(waited_for_).first, end = batch_->LayersOf(reads - 1).second;
      for (int64_t l = begin; l < end; ++l) decoded->SetThere(l);
    }
    Count(asked_ns, read_until_ns);
    waited_for_ = reads;
    return *batch_;
  }

 private:
  void TakeRows(size_t read, DecodedRows& decoded) const {
    const auto [begin, end] = batch_->LayersOf(read);
    for (const int32_t position : batch_->PositionsOf(read)) {
      for (int64_t l = begin; l < end; ++l) decoded.Take(l, position, batch_->Slice(position, l));
    }
  }
  void Submit() {
    counted_until_ns_ = ReadClockNs();
    batch_ = source_.reader_.Submit(rows_);
  }
  void Count(int64_t asked_ns, int64_t read_until_ns) {
    source_.own_read_ns_ += read_until_ns - counted_until_ns_;
    source_.own_hidden_ns_ += std::max<int64_t>(asked_ns - counted_until_ns_, 0);
    if (source_.observer_ != nullptr) source_.observer_->SeeRead(counted_until_ns_, read_until_ns);
    counted_until_ns_ = read_until_ns;
  }

  DiskPle& source_;
  std::vector<int64_t> rows_;  // [n]
  std::unique_ptr<RowBatch> batch_;
  size_t waited_for_ = 0;
  int64_t counted_until_ns_ = 0;
};

DiskPle::DiskPle(const PleTable& table, std::unique_ptr<RandomAccessFile> file, bool prefetch)
    : reader_(table, std::move(file)), prefetch_(prefetch), queue_(prefetch && !reader_.reads_by_itself()) {}

std::unique_ptr<PleRequest> DiskPle::Begin(std::span<const int64_t> ids) {
  std::vector<int64_t> rows = PleRowsOfIds(ids, geometry().vocab);
  lookups_.fetch_add(std::ssize(ids), std::memory_order_relaxed);
  if (reader_.reads_by_itself()) return std::make_unique<OwnRequest>(*this, std::move(rows));
  return std::make_unique<QueuedRequest>(*this, rows);
}

void DiskPle::ObserveReads(ReadObserver* observer) {
  observer_ = observer;
  queue_.Observe(observer);
}

PleStats DiskPle::stats() const {
  const int64_t lookups = lookups_.load(std::memory_order_relaxed);
  const IoCounters io = reader_.counters();
  const ReadQueue::Times times = queue_.times();
  return {.lookups = lookups,
          .misses = lookups,
          .read_calls = io.read_calls,
          .bytes_asked = io.bytes_asked,
          .row_bytes = lookups * reader_.table().row_bytes(),
          .read_ns = times.read_ns + own_read_ns_,
          .hidden_ns = times.hidden_ns + own_hidden_ns_};
}

}  // namespace plelab
