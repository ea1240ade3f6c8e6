// Memory that a benchmark reads as a decode step does: every weight once, when none of it is in a cache.
#pragma once

#include <sys/mman.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

#include "model/kernels/matrix.h"
#include "model/kernels/read_loop.h"

namespace plelab::micro {

// Half a gigabyte in huge pages, shared by all benchmarks.
inline std::span<std::byte> Arena() {
  static const std::span<std::byte> arena = [] {
    constexpr size_t kBytes = size_t{512} << 20;
    void* data = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
    madvise(data, kBytes, MADV_HUGEPAGE);
    std::memset(data, 0x3c, kBytes);  // 0.0115 as bfloat16 and as float32
    return std::span(static_cast<std::byte*>(data), kBytes);
  }();
  return arena;
}

// Hands out consecutive stretches of the arena, and starts again when the next one does not fit.
class WeightsInTurn {
 public:
  // `start` is where in the arena the first stretch lies, as a share of its size.
  explicit WeightsInTurn(int64_t bytes, double start = 0)
      : bytes_((bytes + 63) / 64 * 64),
        offset_(static_cast<int64_t>(start * static_cast<double>(Arena().size())) / 64 * 64) {}
  std::span<const std::byte> Next() {
    if (offset_ + bytes_ > std::ssize(Arena())) offset_ = 0;
    const auto next = std::span<const std::byte>(Arena()).subspan(offset_, bytes_);
    offset_ += bytes_;
    return next;
  }
  MatrixView NextMatrix(ElementType type, int64_t rows, int64_t cols) {
    MatrixView matrix{Next().data(), type, rows, cols, cols};
    if (!IsQuantised(type)) return matrix;
    if (type == ElementType::kInt4) matrix.group = kNibbleBlock, matrix.scale_stride = cols / kNibbleBlock;
    // Scales of int4 are read from memory, too: from half the arena further on.
    const int64_t elsewhere = (offset_ + std::ssize(Arena()) / 2) % (std::ssize(Arena()) - bytes_) / 64 * 64;
    matrix.scales = Arena().data() + (type == ElementType::kInt4 ? elsewhere : 0);
    return matrix;
  }

 private:
  int64_t bytes_;
  int64_t offset_;
};

template <class F>
double SecondsOf(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace plelab::micro
