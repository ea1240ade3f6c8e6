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
  // Copies the table from `file` into anonymous memory, in the form in which it is stored.  Throws RunError
  // when a read fails.
  ResidentPle(const PleTable& table, RandomAccessFile& file, PageSize pages);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override;  // loading is not counted, so every lookup is a hit
  const PleGeometry& geometry() const override { return stored_.geometry; }
  const RowCodec* codec() const override { return stored_.codec.get(); }
  int64_t fast_bytes() const override { return memory_.size_bytes() + stored_.index_bytes(); }

 private:
  class Request;

  PleTable stored_;         // with its first place at offset 0
  AnonymousMemory memory_;  // the stored bytes
  std::atomic<int64_t> lookups_ = 0;
};

}  // namespace plelab
