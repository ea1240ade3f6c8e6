// The strategy `resident`, the baseline: the whole table in RAM.
#pragma once

#include <atomic>

#include "model/base/anonymous_memory.h"
#include "model/io/random_access_file.h"
#include "model/ple/ple_source.h"

namespace plelab {

struct ResidentOptions {
  PageSize pages = PageSize::kHuge;  // `huge`, or `4k` for a fair comparison with mmap
};

class ResidentPle : public PleSource {
 public:
  // Copies the table that begins at `offset_bytes` of `file` into anonymous memory.  Throws RunError when a
  // read fails.
  ResidentPle(const PleGeometry& geometry, RandomAccessFile& file, int64_t offset_bytes, PageSize pages);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override;  // loading is not counted, so every lookup is a hit
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return geometry_.table_bytes(); }

 private:
  PleGeometry geometry_;
  AnonymousMemory table_;  // [vocab, layers, dim]
  std::atomic<int64_t> lookups_ = 0;
};

}  // namespace plelab
