#include "model/ple/sources/dropped_ple.h"

#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace {

// Rows of zeros, of which one layer's worth serves every layer, or no rows.
class DroppedRequest : public PleRequest {
 public:
  DroppedRequest(const PleGeometry& geometry, PleKind kind, int64_t zero_rows)
      : geometry_(geometry), kind_(kind), zeros_(zero_rows * geometry.layer_bytes()) {}

  PleKind kind() const override { return kind_; }
  std::span<const std::byte> Layer(int64_t layer) override {
    CheckPleLayer(geometry_, layer);
    return zeros_;
  }

 private:
  const PleGeometry& geometry_;
  PleKind kind_;
  std::vector<std::byte> zeros_;
};

}  // namespace

std::unique_ptr<PleRequest> DroppedPle::Begin(std::span<const int64_t> ids) {
  lookups_.fetch_add(std::ssize(ids), std::memory_order_relaxed);
  switch (mode_) {
    case DropMode::kZeroRow:
      return std::make_unique<DroppedRequest>(geometry_, PleKind::kRows, std::ssize(ids));
    case DropMode::kProjectionOnly:
      return std::make_unique<DroppedRequest>(geometry_, PleKind::kProjectionOnly, 0);
    case DropMode::kBlockOff:
      return std::make_unique<DroppedRequest>(geometry_, PleKind::kBlockOff, 0);
  }
  throw RunError("a drop mode without a name");
}

PleStats DroppedPle::stats() const {
  const int64_t lookups = lookups_.load(std::memory_order_relaxed);
  return {.lookups = lookups, .hits = lookups};
}

}  // namespace plelab
