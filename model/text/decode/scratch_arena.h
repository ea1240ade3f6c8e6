// One block of floats, handed out piece by piece and freed together: a step that has its scratch allocates
// nothing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "model/kernels/matvec.h"

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
  // Has no memory: counts what is taken of it, for an arena that has.
  ScratchArena() = default;
  explicit ScratchArena(int64_t floats) : size_(floats) {
    data_.reset(
        static_cast<float*>(std::aligned_alloc(kLine * sizeof(float), WholeLines(floats) * sizeof(float))));
    if (data_ == nullptr) throw std::bad_alloc();
  }
  // Uninitialised, aligned to a cache line.  The data of an arena without memory is nullptr.
  Rows Take(int64_t count, int64_t size) {
    const int64_t start = taken_;
    taken_ += WholeLines(count * size);
    if (data_ == nullptr) return {nullptr, count, size};
    if (taken_ > size_) throw std::bad_alloc();
    return {data_.get() + start, count, size};
  }
  int64_t taken() const { return taken_; }  // floats, with what aligns them

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
