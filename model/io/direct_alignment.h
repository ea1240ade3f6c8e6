// What O_DIRECT asks of offsets, sizes and memory.
#pragma once

#include <cstdint>

#include "model/base/file_descriptor.h"

namespace plelab {

// The alignment of offsets, sizes and buffers in bytes for direct reads of `file`: `wanted`, or where that is
// 0 the least that is allowed, which is what statx reports, or 4096 where it reports none.
// Throws UserError when the device does not allow `wanted`.
int64_t DirectAlignment(const FileDescriptor& file, int64_t wanted);

}  // namespace plelab
