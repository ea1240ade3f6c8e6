#include "model/ple/sources/resident_ple.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "model/ple/decoded_rows.h"

namespace plelab {
namespace {

constexpr int64_t kLoadChunkBytes = 16 * 1024 * 1024;
// More than one thread helps, because zeroing fresh pages costs the kernel more than the copy from a warm
// page cache.
constexpr int64_t kMostLoadThreads = 4;

// Fills `out` with the bytes from `offset` on, in chunks that several threads load.  Throws the first error.
void LoadInChunks(RandomAccessFile& file, int64_t offset, std::span<std::byte> out) {
  const int64_t chunks = (std::ssize(out) + kLoadChunkBytes - 1) / kLoadChunkBytes;
  std::atomic<int64_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;
  const auto work = [&] {
    try {
      for (int64_t chunk = next++; chunk < chunks; chunk = next++) {
        const int64_t begin = chunk * kLoadChunkBytes;
        file.Read(offset + begin, out.subspan(begin, std::min(kLoadChunkBytes, std::ssize(out) - begin)));
      }
    } catch (...) {
      next = chunks;
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  };
  std::vector<std::jthread> helpers;
  const int64_t threads = std::min<int64_t>({chunks, std::thread::hardware_concurrency(), kMostLoadThreads});
  for (int64_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins the threads
  if (error) std::rethrow_exception(error);
}

}  // namespace

// A request keeps only where its rows begin; each layer is gathered when it is first asked for.
class ResidentPle::Request : public PleRequest {
 public:
  Request(const ResidentPle& source, std::span<const int64_t> ids)
      : source_(source), decoded_(source.geometry(), source.codec(), std::ssize(ids)) {
    places_.reserve(ids.size());
    for (const int64_t id : ids) {
      places_.push_back(source.stored_.PlaceOf(PleRowOfId(id, source.geometry().vocab)));
    }
  }

  std::span<const std::byte> Layer(int64_t layer) override {
    CheckPleLayer(source_.geometry(), layer);
    return decoded_.Layer(layer, [&](int64_t position) { return At(layer, position); });
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t /*slice_bytes*/) override {
    CheckPleLayer(source_.geometry(), layer);
    return At(layer, position);
  }

 private:
  const std::byte* At(int64_t layer, int64_t position) const {
    const PleTable& stored = source_.stored_;
    const int64_t per_part = stored.layers_per_part();
    return source_.memory_.data() + stored.OffsetOf(places_[position], layer / per_part) +
           layer % per_part * stored.slice_bytes();
  }

  const ResidentPle& source_;
  DecodedRows decoded_;
  std::vector<int64_t> places_;  // [n]
};

ResidentPle::ResidentPle(const PleTable& table, RandomAccessFile& file, PageSize pages)
    : stored_(table), memory_(table.stored_bytes(), pages) {
  LoadInChunks(file, table.offset_bytes, {memory_.data(), static_cast<size_t>(memory_.size_bytes())});
  stored_.offset_bytes = 0;
}

std::unique_ptr<PleRequest> ResidentPle::Begin(std::span<const int64_t> ids) {
  lookups_.fetch_add(std::ssize(ids), std::memory_order_relaxed);
  return std::make_unique<Request>(*this, ids);
}

PleStats ResidentPle::stats() const {
  const int64_t lookups = lookups_.load(std::memory_order_relaxed);
  return {.lookups = lookups, .hits = lookups, .row_bytes = lookups * stored_.row_bytes()};
}

}  // namespace plelab
