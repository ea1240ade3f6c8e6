// The roof of a decode step: how fast this machine reads memory, with the same threads as the kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace plelab {

// Reads every byte once, each thread a contiguous share in eight streams, and returns a sum of them as 64-bit
// words (whose only use is that the reads cannot be left out).  No clock here: whoever asks takes the time.
// The bytes start at a multiple of 8; those beyond a multiple of 64 are not read.
uint64_t ReadAll(std::span<const std::byte> bytes);

}  // namespace plelab
