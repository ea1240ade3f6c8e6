#include "model/ple/sources/cached_ple.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "model/ple/decoded_rows.h"

namespace plelab {
namespace {

constexpr int64_t kWarmBytesAtOnce = 64 * 1024 * 1024;

// Copies row i of the request to to[i], which has room for a row as the source stores it.
void CopyRows(PleRequest& request, int64_t layers, int64_t slice_bytes, std::span<std::byte* const> to) {
  for (int64_t layer = 0; layer < layers; ++layer) {
    for (int64_t i = 0; i < std::ssize(to); ++i) {
      std::memcpy(to[i] + layer * slice_bytes, request.Slice(layer, i, slice_bytes), slice_bytes);
    }
  }
}

}  // namespace

// Holds its own copy of every row as it is stored, so that evictions by later requests do not affect it.
class CachedPle::Request : public PleRequest {
 public:
  Request(CachedPle& source, std::span<const int64_t> ids)
      : source_(source),
        rows_(std::make_unique_for_overwrite<std::byte[]>(ids.size() * source.row_bytes())),
        decoded_(source.geometry(), source.codec(), std::ssize(ids)),
        row_numbers_(PleRowsOfIds(ids, source.geometry().vocab)),
        is_taken_(source.geometry().layers) {}
  // A request of which a layer was used has its rows enter the cache, also where the model skips layers.
  ~Request() override {
    if (below_ == nullptr || !was_used_) return;
    try {
      for (int64_t layer = 0; layer < source_.geometry().layers; ++layer) TakeLayer(layer);
    } catch (const std::exception&) {
      // A row that cannot be read does not enter, and nobody asked for it.
    }
  }

  // Requests the misses from the source below first, so that their reads overlap the copying of the hits.
  void Begin() {
    const std::lock_guard lock(source_.mutex_);
    for (size_t i = 0; i < row_numbers_.size(); ++i) {
      if (source_.slab_.Find(row_numbers_[i]) == nullptr) missed_.push_back(static_cast<int32_t>(i));
    }
    Count();
    if (!missed_.empty()) AskBelow();
    for (size_t i = 0; i < row_numbers_.size(); ++i) {
      const std::byte* row = source_.slab_.Find(row_numbers_[i]);
      if (row != nullptr) std::memcpy(Row(static_cast<int64_t>(i)), row, source_.row_bytes());
    }
    if (missed_.empty()) Remember();
  }

  std::span<const std::byte> Layer(int64_t layer) override {
    return decoded_.Layer(layer, [&](int64_t position) {
      if (position == 0) TakeLayer(layer);
      return Row(position) + layer * source_.slice_bytes_;
    });
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t slice_bytes) override {
    CheckPleLayer(source_.geometry(), layer);
    TakeLayer(layer);
    return Row(position) + layer * slice_bytes;
  }

 private:
  std::byte* Row(int64_t position) { return rows_.get() + position * source_.row_bytes(); }

  void AskBelow() {
    for (const int32_t position : missed_) missing_rows_.push_back(row_numbers_[position]);
    std::sort(missing_rows_.begin(), missing_rows_.end());
    missing_rows_.erase(std::unique(missing_rows_.begin(), missing_rows_.end()), missing_rows_.end());
    for (const int32_t position : missed_) {
      const auto found = std::lower_bound(missing_rows_.begin(), missing_rows_.end(), row_numbers_[position]);
      asked_as_.push_back(static_cast<int32_t>(found - missing_rows_.begin()));
    }
    below_ = source_.over_->Begin(missing_rows_);
  }

  void Count() {
    source_.counted_.Add(std::ssize(row_numbers_), std::ssize(row_numbers_) - std::ssize(missed_));
  }

  // Copies what the missed rows have of this layer.  With the last layer all of them enter the cache: when a
  // read failed, none does.
  void TakeLayer(int64_t layer) {
    if (below_ == nullptr || is_taken_[layer]) return;
    was_used_ = true;
    const int64_t bytes = source_.slice_bytes_;
    for (size_t i = 0; i < missed_.size(); ++i) {
      std::memcpy(Row(missed_[i]) + layer * bytes, below_->Slice(layer, asked_as_[i], bytes), bytes);
    }
    is_taken_[layer] = true;
    if (++layers_taken_ < std::ssize(is_taken_)) return;
    below_.reset();
    const std::lock_guard lock(source_.mutex_);
    Remember();
  }

  // The caller holds the source's mutex.
  void Remember() {
    source_.slab_.Use(row_numbers_, [this](int64_t position, std::byte* to) {
      std::memcpy(to, Row(position), source_.row_bytes());
    });
  }

  CachedPle& source_;
  std::unique_ptr<std::byte[]> rows_;  // [n], each as it is stored, all layers
  DecodedRows decoded_;
  std::vector<int64_t> row_numbers_;   // [n]
  std::vector<int32_t> missed_;        // positions in row_numbers_
  std::vector<int64_t> missing_rows_;  // the ids given to `below_`: distinct, ascending
  std::vector<int32_t> asked_as_;      // [missed]: positions in missing_rows_
  std::unique_ptr<PleRequest> below_;  // nullptr once its rows were copied
  std::vector<bool> is_taken_;         // [layers]
  int64_t layers_taken_ = 0;
  bool was_used_ = false;
};

CachedPle::CachedPle(std::unique_ptr<PleSource> over, std::unique_ptr<EvictionPolicy> policy,
                     std::span<const int64_t> warm_ids)
    : over_(std::move(over)), slice_bytes_(StoredSliceBytes(*over_)), slab_(std::move(policy), row_bytes()) {
  Warm(warm_ids);
  over_before_ = over_->stats();
}

// Reads only the rows that are held in the end.
void CachedPle::Warm(std::span<const int64_t> ids) {
  const std::vector<int64_t> rows = PleRowsOfIds(ids, geometry().vocab);
  std::vector<int64_t> held;
  std::vector<std::byte*> slots;
  slab_.Use(rows, [&](int64_t position, std::byte* to) {
    held.push_back(rows[position]);
    slots.push_back(to);
  });

  const auto at_once = static_cast<size_t>(std::max<int64_t>(1, kWarmBytesAtOnce / row_bytes()));
  for (size_t done = 0; done < held.size(); done += at_once) {
    const size_t count = std::min(at_once, held.size() - done);
    const auto request = over_->Begin(std::span(held).subspan(done, count));
    CopyRows(*request, geometry().layers, slice_bytes_, std::span(slots).subspan(done, count));
  }
}

std::unique_ptr<PleRequest> CachedPle::Begin(std::span<const int64_t> ids) {
  auto request = std::make_unique<Request>(*this, ids);
  request->Begin();
  return request;
}

void CachedPle::Expect(std::span<const int64_t> ids) {
  std::vector<int64_t> missing;
  {
    const std::lock_guard lock(mutex_);
    for (const int64_t row : PleRowsOfIds(ids, geometry().vocab)) {
      if (slab_.Find(row) == nullptr) missing.push_back(row);
    }
  }
  over_->Expect(missing);
}

PleStats CachedPle::stats() const { return counted_.Over(over_->stats() - over_before_, row_bytes()); }

int64_t CachedPle::held_bytes() const {
  const int64_t below = over_->held_bytes();
  const std::lock_guard lock(mutex_);
  return slab_.held_bytes() + below;
}

}  // namespace plelab
