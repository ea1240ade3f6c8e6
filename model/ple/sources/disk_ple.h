// The strategy `disk`: rows stay in the file, and each request reads those that it needs.
#pragma once

#include <atomic>

#include "model/io/random_access_file.h"
#include "model/io/spare_memory.h"
#include "model/ple/capacity.h"
#include "model/ple/ple_source.h"
#include "model/ple/row_reader.h"
#include "model/ple/sources/read_queue.h"

namespace plelab {

struct DiskOptions {
  IoBackend backend = IoBackend::kPread;
  IoAdvice advice = IoAdvice::kNormal;  // of pread and mmap
  bool prefetch = true;                 // true: reads start at Begin; false: the first Layer call reads
  Capacity mapped = {.bytes = 0};       // of mmap: the most that may be mapped at a time; 0: no limit
  int64_t alignment = 0;  // of direct and io_uring, in bytes; 0: the least that the device allows
  int64_t queue_depth = UringOptions().queue_depth;
  UringOptions::Polling polling = UringOptions::Polling::kInterrupt;
  bool registered = true;

  // A share of the table is one of `table_bytes`.
  IoOptions io(int64_t table_bytes) const {
    return {backend, advice, mapped.Resolve(table_bytes), alignment, {queue_depth, polling, registered}};
  }
};

// With prefetch, reads start at Begin: by the kernel alone where the file reads by itself, otherwise by a
// thread of this source.
class DiskPle : public PleSource {
 public:
  DiskPle(const PleTable& table, std::unique_ptr<RandomAccessFile> file, bool prefetch);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  // Every lookup is a miss.  Nobody sees when a read ends that goes on by itself: its read_ns counts up to
  // when a caller looks for it, so that read_ns and hidden_ns are then the most that they can be.
  PleStats stats() const override;
  const PleGeometry& geometry() const override { return reader_.table().geometry; }
  const RowCodec* codec() const override { return reader_.table().codec.get(); }
  int64_t fast_bytes() const override { return reader_.table().index_bytes(); }
  void ReleasePages() override { reader_.ReleasePages(); }
  void ObserveReads(ReadObserver* observer) override;
  PleSource* traceless() override { return reader_.bypasses_page_cache() ? this : nullptr; }
  int64_t threads() const override { return queue_.threads(); }

 private:
  class Request;
  class QueuedRequest;
  class OwnRequest;

  RowReader reader_;
  bool prefetch_;
  SpareMemory decoded_memory_;  // of large requests
  std::atomic<int64_t> lookups_ = 0;
  std::atomic<int64_t> own_read_ns_ = 0, own_hidden_ns_ = 0;  // of files that read by themselves
  ReadObserver* observer_ = nullptr;                          // of the same
  ReadQueue queue_;  // declared last: its thread ends before the members that it uses are destroyed
};

}  // namespace plelab
