#include "model/ple/sources/resident_ple.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "model/ple/layer_major_rows.h"

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

// A request for one id: the row in the table already has the layout [layers, 1, dim].
class OneRow : public PleRequest {
 public:
  OneRow(const PleGeometry& geometry, const std::byte* row) : geometry_(geometry), row_(row) {}

  std::span<const std::byte> Layer(int64_t layer) override {
    CheckPleLayer(geometry_, layer);
    return {row_ + layer * geometry_.layer_bytes(), static_cast<size_t>(geometry_.layer_bytes())};
  }

 private:
  const PleGeometry& geometry_;
  const std::byte* row_;
};

// A request for any number of ids: each layer is gathered when Layer first asks for it.
class ManyRows : public PleRequest {
 public:
  ManyRows(const PleGeometry& geometry, const std::byte* table, std::span<const int64_t> ids)
      : geometry_(geometry), rows_(geometry, std::ssize(ids)), gathered_(geometry.layers) {
    from_.reserve(ids.size());
    for (int64_t id : ids) from_.push_back(table + PleRowOfId(id, geometry.vocab) * geometry.row_bytes());
  }

  std::span<const std::byte> Layer(int64_t layer) override {
    const auto span = rows_.Layer(layer);
    if (!gathered_[layer]) Gather(layer);
    return span;
  }

 private:
  void Gather(int64_t layer) {
    const int64_t skip = layer * geometry_.layer_bytes();
    for (size_t i = 0; i < from_.size(); ++i) rows_.PutLayer(layer, static_cast<int64_t>(i), from_[i] + skip);
    gathered_[layer] = true;
  }

  const PleGeometry& geometry_;
  LayerMajorRows rows_;
  std::vector<bool> gathered_;          // [layers]
  std::vector<const std::byte*> from_;  // [n]
};

}  // namespace

ResidentPle::ResidentPle(const PleGeometry& geometry, RandomAccessFile& file, int64_t offset_bytes,
                         PageSize pages)
    : geometry_(geometry), table_(geometry.table_bytes(), pages) {
  LoadInChunks(file, offset_bytes, {table_.data(), static_cast<size_t>(table_.size_bytes())});
}

std::unique_ptr<PleRequest> ResidentPle::Begin(std::span<const int64_t> ids) {
  lookups_.fetch_add(std::ssize(ids), std::memory_order_relaxed);
  if (ids.size() != 1) return std::make_unique<ManyRows>(geometry_, table_.data(), ids);
  const int64_t row = PleRowOfId(ids.front(), geometry_.vocab);
  return std::make_unique<OneRow>(geometry_, table_.data() + row * geometry_.row_bytes());
}

PleStats ResidentPle::stats() const {
  const int64_t lookups = lookups_.load(std::memory_order_relaxed);
  return {.lookups = lookups, .hits = lookups, .row_bytes = lookups * geometry_.row_bytes()};
}

}  // namespace plelab
