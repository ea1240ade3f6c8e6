// The upper limit for a decode step: how fast this machine reads memory with the threads that the kernels
// use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace plelab {

// Reads every byte once, each thread a contiguous share in eight streams.  Returns their sum as 64-bit words,
// whose only purpose is that the compiler cannot drop the reads.  The caller takes the time.  The bytes must
// start at a multiple of 8; those after the last multiple of 64 are not read.
uint64_t ReadAll(std::span<const std::byte> bytes);

}  // namespace plelab
