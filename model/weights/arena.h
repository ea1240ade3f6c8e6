// One stretch of huge pages that holds all weights of a model.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "model/base/anonymous_memory.h"

namespace plelab {

// Memory for which 2 MiB pages are requested (AnonymousMemory): a decode step reads all of it, and
// with 4 KiB pages address translation alone costs a third of the bandwidth.  Each tensor is aligned to 64
// bytes, which is a cache line and a SIMD vector.
class Arena : public std::enable_shared_from_this<Arena> {
 public:
  static constexpr int64_t kAlignment = 64;
  // The bytes that a tensor of `bytes` takes up in an arena.
  static int64_t Padded(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

  // Throws RunError when there is not enough memory.
  static std::shared_ptr<Arena> Create(int64_t bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The next tensor, contiguous and filled with zeros.  It keeps the arena alive.  Throws RunError when the
  // arena is full.
  torch::Tensor Allocate(const std::vector<int64_t>& shape, torch::ScalarType type);

 private:
  Arena(AnonymousMemory memory, int64_t size) : memory_(std::move(memory)), size_bytes_(size) {}

  AnonymousMemory memory_;
  int64_t size_bytes_, used_bytes_ = 0;
};

}  // namespace plelab
