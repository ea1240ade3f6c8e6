// Reads with io_uring and O_DIRECT: many at the same time, past the page cache, without a thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "model/io/random_access_file.h"

namespace plelab {

// Whether io_uring can be used here, as an error would say it: empty, or why not (the kernel or a sandbox
// forbids it, or the program was built without liburing).
std::string WhyNoUring();

// What the kernel answered for one read: a number of bytes or −errno.
using UringAnswer = int;
// Tests substitute answers that a healthy device does not give.  Called for each completed read, with its
// offset in the file.
using UringFault = std::function<UringAnswer(int64_t offset, UringAnswer answer)>;

// Every Submit is one system call, whose reads fill one block of memory; with `registered` a small
// batch takes that block from memory that the kernel already knows.  At most queue_depth reads are in flight
// at the same time; the others follow whenever somebody waits.  A wait of one thread may keep another from
// submitting until the next read ends.
// Throws UserError when io_uring is forbidden here, when the file's system refuses O_DIRECT, or when its
// device does not allow the polling.
std::unique_ptr<RandomAccessFile> OpenUringFile(const std::string& path, const IoOptions& options,
                                                UringFault fault = nullptr);

}  // namespace plelab
