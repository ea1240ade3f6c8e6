// A queue of reads of one file in io_uring.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>

#include "model/base/file_descriptor.h"
#include "model/io/uring_file.h"

namespace plelab {

class RegisteredMemory;

// One read of whole blocks.  Its fields but the first four belong to the queue while it is queued.
struct UringRead {
  int64_t offset = 0;  // in the file, aligned
  int64_t size = 0;    // aligned; may reach beyond the end of the file
  int64_t needed = 0;  // leading bytes without which it has failed
  std::byte* to = nullptr;

  int64_t found = 0;  // bytes read so far
  int error = 0;      // errno
  bool is_in_flight = false;
  bool is_done = false;
};

// Thread-safe.  Reads must stay where they are until Finish or Drop has returned for them.
class UringQueue {
 public:
  // alignment: of the file's direct reads.  memory: made known to the kernel where it allows that; may be
  // nullptr.
  // Throws UserError when io_uring is forbidden here or does not take the file.
  UringQueue(const FileDescriptor& file, int64_t alignment, const UringOptions& options,
             RegisteredMemory* memory, UringFault fault);
  ~UringQueue();
  UringQueue(const UringQueue&) = delete;
  UringQueue& operator=(const UringQueue&) = delete;

  // Hands as many reads to the kernel as fit beside those in flight, in one system call, and keeps the rest.
  // A read that the kernel refuses is done, with its error.
  void Submit(std::span<UringRead> reads);
  // Blocks until the read is done: it has `needed` bytes, or met the end of the file or an error.
  void Finish(UringRead& read);
  // Takes the reads out of the queue; blocks while the kernel still writes to their memory.
  void Drop(std::span<UringRead> reads) noexcept;

 private:
  void Start();
  void Prepare(UringRead& read, io_uring_sqe& entry);
  void HandOver();
  void Reap();
  void Answer(UringRead& read, UringAnswer answer);
  void Refuse(int error);

  const FileDescriptor& file_;
  int64_t alignment_;
  UringOptions options_;
  UringFault fault_;
  const RegisteredMemory* memory_ = nullptr;  // nullptr where it could not be registered
  std::mutex mutex_;
  // Guarded by mutex_:
  io_uring ring_ = {};
  std::deque<UringRead*> waiting_;   // no entry of the ring is theirs yet
  std::deque<UringRead*> prepared_;  // they have an entry that the kernel has not taken yet
  int64_t in_flight_ = 0;            // prepared_, and those that the kernel has
  int refused_ = 0;                  // errno of a hand-over after which none is tried again
};

}  // namespace plelab
