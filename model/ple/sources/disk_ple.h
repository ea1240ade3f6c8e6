// The strategy `disk`: rows stay in the file, and each request reads those that it needs.
#pragma once

#include <atomic>

#include "model/io/random_access_file.h"
#include "model/ple/ple_source.h"
#include "model/ple/row_reader.h"
#include "model/ple/sources/read_queue.h"

namespace plelab {

struct DiskOptions {
  IoBackend backend = IoBackend::kPread;
  IoAdvice advice = IoAdvice::kNormal;  // of pread and mmap
  bool prefetch = true;  // true: a thread starts reading at Begin; false: the first Layer call reads
};

class DiskPle : public PleSource {
 public:
  // With `prefetch`, a thread of this source starts reading at Begin; without, the first Layer call reads.
  DiskPle(const PleGeometry& geometry, std::unique_ptr<RandomAccessFile> file, int64_t offset_bytes,
          bool prefetch);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override;  // every lookup is a miss
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return 0; }
  void ReleasePages() override { reader_.ReleasePages(); }
  PleSource* traceless() override { return reader_.bypasses_page_cache() ? this : nullptr; }
  int64_t threads() const override { return queue_.threads(); }

 private:
  PleGeometry geometry_;
  RowReader reader_;
  std::atomic<int64_t> lookups_ = 0;
  ReadQueue queue_;  // declared last: its thread ends before the members that it uses are destroyed
};

}  // namespace plelab
