// Keys or values of one layer, in the form in which a cache stores them.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/base/dtype.h"
#include "model/kernels/matrix.h"

namespace plelab {

// Bytes that one vector of `dim` values takes in a cache of `dtype`, with its scale if there is one.
int64_t CachedVectorBytes(DType dtype, int64_t dim);
// Throws UserError unless a cache may have this dtype on this device: float32, bfloat16, and int8 on the CPU.
void RequireCacheDType(DType dtype, torch::Device device);

// A ring of vectors [batch, heads, slots, dim]: position p is in slot p mod slots.  int8: a vector has one
// float32 scale, and its largest magnitude becomes ±127.  Copies share their memory; Clone does not.
class KvRing {
 public:
  KvRing() = default;  // holds nothing
  KvRing(int64_t batch, int64_t heads, int64_t slots, int64_t dim, DType dtype, torch::Device device);
  KvRing Clone() const;

  bool defined() const { return values_.defined(); }
  int64_t slots() const { return defined() ? values_.size(2) : 0; }
  int64_t nbytes() const;

  // Stores made [batch, heads, T, dim] as the positions from `start` on.
  void Write(int64_t start, const torch::Tensor& made);
  // Stores made [batch · heads, dim], contiguous, as one position.  On the CPU.
  void WriteOne(int64_t position, const float* made);
  // The positions start … end − 1, oldest first: [batch, heads, end − start, dim] in the ring's dtype (a
  // view, or a copy where it wraps), or float32 if that is int8.
  torch::Tensor Read(int64_t start, int64_t end) const;
  // `count` consecutive slots of a unit, which is sequence · heads + head: [count, dim].  On the CPU.
  MatrixView View(int64_t unit, int64_t slot, int64_t count) const;

 private:
  void WriteVector(int64_t unit, int64_t position, const float* made);
  int64_t units() const { return values_.size(0) * values_.size(1); }

  torch::Tensor values_;
  torch::Tensor scales_;  // [batch, heads, slots] of int8, undefined otherwise
};

}  // namespace plelab
