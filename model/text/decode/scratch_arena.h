// One block of floats, handed out piece by piece and freed together: a step that has its scratch allocates
// nothing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

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
  // Floats that Take(count, size) uses up.
  static int64_t Need(int64_t count, int64_t size) { return (count * size + kLine - 1) / kLine * kLine; }

  explicit ScratchArena(int64_t floats) : left_(floats) {
    data_.reset(
        static_cast<float*>(std::aligned_alloc(kLine * sizeof(float), Need(1, floats) * sizeof(float))));
    if (data_ == nullptr) throw std::bad_alloc();
    next_ = data_.get();
  }
  // Uninitialised, aligned to a cache line.
  Rows Take(int64_t count, int64_t size) {
    const int64_t floats = Need(count, size);
    if (floats > left_) throw std::bad_alloc();
    left_ -= floats;
    return {std::exchange(next_, next_ + floats), count, size};
  }

 private:
  static constexpr int64_t kLine = 16;
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
  float* next_ = nullptr;
  int64_t left_ = 0;
};

}  // namespace plelab
