// The strategy `dropped`: the ablations, which have no rows at all.
#pragma once

#include <atomic>

#include "model/ple/ple_source.h"

namespace plelab {

enum class DropMode { kZeroRow, kProjectionOnly, kBlockOff };

struct DroppedOptions {
  DropMode mode = DropMode::kZeroRow;
};

class DroppedPle : public PleSource {
 public:
  DroppedPle(const PleGeometry& geometry, DropMode mode) : geometry_(geometry), mode_(mode) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override;  // every lookup is a hit, and no row is read
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return 0; }

 private:
  PleGeometry geometry_;
  DropMode mode_;
  std::atomic<int64_t> lookups_ = 0;
};

}  // namespace plelab
