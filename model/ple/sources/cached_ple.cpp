#include "model/ple/sources/cached_ple.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "model/ple/layer_major_rows.h"

namespace plelab {
namespace {

constexpr int64_t kWarmBytesAtOnce = 64 * 1024 * 1024;

// Copies row i of the request to to[i], which has room for [layers, dim].
void CopyRows(PleRequest& request, const PleGeometry& geometry, std::span<std::byte* const> to) {
  const int64_t layer_bytes = geometry.layer_bytes();
  for (int64_t layer = 0; layer < geometry.layers; ++layer) {
    const std::byte* values = request.Layer(layer).data();
    for (size_t i = 0; i < to.size(); ++i) {
      std::memcpy(to[i] + layer * layer_bytes, values + i * layer_bytes, layer_bytes);
    }
  }
}

}  // namespace

// Holds its own copy of every row, so that evictions by later requests do not affect it.
class CachedPle::Request : public PleRequest {
 public:
  Request(CachedPle& source, std::span<const int64_t> ids)
      : source_(source), data_(source.geometry(), std::ssize(ids)) {
    rows_.reserve(ids.size());
    for (int64_t id : ids) rows_.push_back(PleRowOfId(id, source.geometry().vocab));
  }

  // Requests the misses from the source below first, so that their reads overlap the copying of the hits.
  void Begin() {
    const std::lock_guard lock(source_.mutex_);
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (source_.slab_.Find(rows_[i]) == nullptr) missed_.push_back(static_cast<int32_t>(i));
    }
    if (!missed_.empty()) AskBelow();
    Count();
    for (size_t i = 0; i < rows_.size(); ++i) {
      const std::byte* row = source_.slab_.Find(rows_[i]);
      if (row != nullptr) data_.Put(static_cast<int64_t>(i), row);
    }
    if (missed_.empty()) Remember();
  }

  std::span<const std::byte> Layer(int64_t layer) override {
    const auto rows = data_.Layer(layer);
    if (below_ != nullptr) TakeMisses();
    return rows;
  }

 private:
  void AskBelow() {
    for (int32_t position : missed_) missing_rows_.push_back(rows_[position]);
    std::sort(missing_rows_.begin(), missing_rows_.end());
    missing_rows_.erase(std::unique(missing_rows_.begin(), missing_rows_.end()), missing_rows_.end());
    below_ = source_.over_->Begin(missing_rows_);
  }

  void Count() {
    source_.counted_.lookups += std::ssize(rows_);
    source_.counted_.misses += std::ssize(missed_);
    source_.counted_.hits += std::ssize(rows_) - std::ssize(missed_);
  }

  // Takes in all missed rows or none: when a read failed, this throws and the cache stays unchanged.
  void TakeMisses() {
    const int64_t layer_bytes = source_.geometry().layer_bytes();
    for (int64_t layer = 0; layer < source_.geometry().layers; ++layer) {
      const std::byte* values = below_->Layer(layer).data();
      for (int32_t position : missed_) {
        const auto found = std::lower_bound(missing_rows_.begin(), missing_rows_.end(), rows_[position]);
        data_.PutLayer(layer, position, values + (found - missing_rows_.begin()) * layer_bytes);
      }
    }
    below_.reset();
    const std::lock_guard lock(source_.mutex_);
    Remember();
  }

  // The caller holds the source's mutex.
  void Remember() {
    source_.slab_.Use(rows_, [this](int64_t position, std::byte* to) { data_.Get(position, to); });
  }

  CachedPle& source_;
  LayerMajorRows data_;
  std::vector<int64_t> rows_;          // [n]
  std::vector<int32_t> missed_;        // positions in rows_
  std::vector<int64_t> missing_rows_;  // the ids given to `below_`: distinct, ascending
  std::unique_ptr<PleRequest> below_;  // nullptr once its rows were copied
};

CachedPle::CachedPle(std::unique_ptr<PleSource> over, std::unique_ptr<EvictionPolicy> policy,
                     std::span<const int64_t> warm_ids)
    : over_(std::move(over)), slab_(std::move(policy), over_->geometry().row_bytes()) {
  Warm(warm_ids);
  over_before_ = over_->stats();
}

int64_t CachedPle::RowsThatFit(const PleGeometry& geometry, int64_t capacity_bytes) {
  return std::min(capacity_bytes / geometry.row_bytes(), geometry.vocab);
}

// Reads only the rows that are held in the end.
void CachedPle::Warm(std::span<const int64_t> ids) {
  std::vector<int64_t> rows, held;
  for (int64_t id : ids) rows.push_back(PleRowOfId(id, geometry().vocab));
  std::vector<std::byte*> slots;
  slab_.Use(rows, [&](int64_t position, std::byte* to) {
    held.push_back(rows[position]);
    slots.push_back(to);
  });

  const auto at_once = static_cast<size_t>(std::max<int64_t>(1, kWarmBytesAtOnce / geometry().row_bytes()));
  for (size_t done = 0; done < held.size(); done += at_once) {
    const size_t count = std::min(at_once, held.size() - done);
    const auto request = over_->Begin(std::span(held).subspan(done, count));
    CopyRows(*request, geometry(), std::span(slots).subspan(done, count));
  }
}

std::unique_ptr<PleRequest> CachedPle::Begin(std::span<const int64_t> ids) {
  auto request = std::make_unique<Request>(*this, ids);
  request->Begin();
  return request;
}

PleStats CachedPle::stats() const {
  PleStats stats = over_->stats() - over_before_;
  const std::lock_guard lock(mutex_);
  stats.lookups = counted_.lookups;
  stats.hits = counted_.hits;
  stats.misses = counted_.misses;
  stats.row_bytes = counted_.lookups * geometry().row_bytes();
  return stats;
}

int64_t CachedPle::held_bytes() const {
  const int64_t below = over_->held_bytes();
  const std::lock_guard lock(mutex_);
  return slab_.held_bytes() + below;
}

}  // namespace plelab
