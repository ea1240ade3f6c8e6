// One block of floats that is handed out in pieces and freed as a whole, so that a step with its scratch
// memory allocates nothing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "model/kernels/products/matvec.h"

namespace plelab {

// [count, size] float32 vectors, one after the other.
struct Rows {
  float* data = nullptr;
  int64_t count = 0;
  int64_t size = 0;

  float* operator[](int64_t i) const { return data + i * size; }
  int64_t numel() const { return count * size; }
  ConstVectors in() const { return {data, count, size}; }
  Vectors out() const { return {data, size}; }
};

class ScratchArena {
 public:
  // An arena without memory, which only counts what is taken from it, to size one that has memory.
  ScratchArena() = default;
  explicit ScratchArena(int64_t floats) : size_(floats) {
    data_.reset(
        static_cast<float*>(std::aligned_alloc(kLine * sizeof(float), WholeLines(floats) * sizeof(float))));
    if (data_ == nullptr) throw std::bad_alloc();
  }
  // Returns uninitialised vectors, aligned to a cache line; data is nullptr when the arena has no memory.
  Rows Take(int64_t count, int64_t size) {
    const int64_t start = taken_;
    taken_ += WholeLines(count * size);
    if (data_ == nullptr) return {nullptr, count, size};
    if (taken_ > size_) throw std::bad_alloc();
    return {data_.get() + start, count, size};
  }
  int64_t taken() const { return taken_; }  // floats, including padding for alignment

 private:
  static constexpr int64_t kLine = 16;
  static int64_t WholeLines(int64_t floats) { return (floats + kLine - 1) / kLine * kLine; }

  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
  int64_t size_ = 0, taken_ = 0;
};

}  // namespace plelab
