#include "experiments/replay/measure/row_cost.h"

#include <algorithm>
#include <barrier>
#include <exception>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <thread>

#include "harness/storage/page_cache.h"
#include "harness/support/statistics.h"
#include "harness/support/timer.h"
#include "model/base/error.h"
#include "model/io/uring_file.h"

namespace plelab {
namespace {

constexpr int64_t kWarmRows = 256;  // 4 MB of rows of Gemma 3n

using Batch = std::vector<ReadRange>;

// Threads that read one range each of every batch.
class Readers {
 public:
  Readers(RandomAccessFile& file, int64_t threads, int64_t row_bytes)
      : file_(file), meet_(threads + 1), buffers_(threads, std::vector<std::byte>(row_bytes)) {
    for (int64_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { Work(i); });
  }
  ~Readers() {
    batch_ = nullptr;
    meet_.arrive_and_wait();
  }
  void Read(const Batch& batch) {
    batch_ = &batch;
    meet_.arrive_and_wait();
    meet_.arrive_and_wait();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void Work(int64_t i) {
    while (true) {
      meet_.arrive_and_wait();
      if (batch_ == nullptr) return;
      try {
        file_.Read((*batch_)[i].offset_bytes, buffers_[i]);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        error_ = std::current_exception();
      }
      meet_.arrive_and_wait();
    }
  }

  RandomAccessFile& file_;
  std::barrier<> meet_;
  std::vector<std::vector<std::byte>> buffers_;
  const Batch* batch_ = nullptr;
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

// Reads batches in the way of the backend.
class BatchReader {
 public:
  BatchReader(RandomAccessFile& file, int64_t depth, int64_t row_bytes)
      : file_(file), row_(static_cast<size_t>(row_bytes)) {
    if (depth > 1 && !file.reads_by_itself()) readers_ = std::make_unique<Readers>(file, depth, row_bytes);
  }
  void Read(const Batch& batch) {
    if (readers_) {
      readers_->Read(batch);
    } else if (batch.size() == 1 && !file_.reads_by_itself()) {
      file_.Read(batch.front().offset_bytes, row_);
    } else {
      const auto completion = file_.Submit(batch);
      for (size_t i = 0; i < batch.size(); ++i) completion->Wait(i);
    }
  }

 private:
  RandomAccessFile& file_;
  std::vector<std::byte> row_;
  std::unique_ptr<Readers> readers_;
};

Batch RandomBatch(const RowCostRequest& request, std::mt19937_64& random) {
  const int64_t rows = request.state == RowState::kWarm ? std::min(kWarmRows, request.table.geometry.vocab)
                                                        : request.table.geometry.vocab;
  Batch batch;
  for (int64_t i = 0; i < request.depth; ++i) {
    const auto row = static_cast<int64_t>(random() % static_cast<uint64_t>(rows));
    batch.push_back({request.table.OffsetOf(row, 0), request.table.row_bytes()});
  }
  return batch;
}

// Times of batches in ns, until there are enough of them or the time is over.
std::vector<double> TimeBatches(const RowCostRequest& request, RandomAccessFile& file) {
  const FileRange range{request.table.path, request.table.offset_bytes, request.table.stored_bytes()};
  if (request.state == RowState::kWarm) {
    WarmPageCache({range.path, range.offset_bytes,
                   std::min(kWarmRows, request.table.geometry.vocab) * request.table.row_bytes()});
  }
  std::mt19937_64 random(request.seed);
  BatchReader reader(file, request.depth, request.table.row_bytes());
  std::vector<double> times;
  const Timer whole;
  while (std::ssize(times) < request.most_samples &&
         (times.size() < 8 || whole.seconds() < request.most_seconds)) {
    const Batch batch = RandomBatch(request, random);
    if (request.state == RowState::kCold && !file.bypasses_page_cache()) EvictFromPageCache(range);
    const Timer timer;
    reader.Read(batch);
    times.push_back(static_cast<double>(timer.ns()));
  }
  return times;
}

}  // namespace

std::string_view Name(RowState state) {
  switch (state) {
    case RowState::kCold:
      return "cold";
    case RowState::kWarm:
      return "warm";
    case RowState::kModelled:
      return "modelled";
  }
  return "unknown";
}

RowCost MeasureRowCost(const RowCostRequest& request) {
  RowCost cost{.backend = std::string(Name(request.backend)),
               .state = std::string(Name(request.state)),
               .depth = request.depth};
  std::unique_ptr<RandomAccessFile> file;
  if (request.backend == IoBackend::kUring) cost.skipped = WhyNoUring();
  try {
    if (cost.skipped.empty()) file = request.open(request.table.path, {.backend = request.backend});
  } catch (const UserError& refused) {
    cost.skipped = refused.what();
  }
  if (file && request.state == RowState::kWarm && file->bypasses_page_cache())
    cost.skipped = "passes by the page cache";
  if (!cost.skipped.empty()) return cost;
  const std::vector<double> times = TimeBatches(request, *file);
  cost.samples = std::ssize(times);
  cost.mean_ns = Mean(times);
  cost.p50_ns = Quantile(times, 0.5);
  cost.p99_ns = Quantile(times, 0.99);
  cost.rows_per_s = static_cast<double>(request.depth) / cost.mean_ns * 1e9;
  return cost;
}

}  // namespace plelab
