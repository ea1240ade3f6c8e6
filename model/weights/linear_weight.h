// The values of a linear map and how they are stored.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

using WeightFormat = ElementType;
enum class WeightLayout { kRowMajor, kTransposed };

// A linear map of shape [out, in].  Multiply with MatMul (model/ops/matmul.h) only; what reads or cuts it
// otherwise calls the members below, which know every format.
struct LinearWeight {
  // Stored rows: the outputs (kRowMajor, [out, in]) or the inputs (kTransposed, [in, out]).  float32 or
  // bfloat16; int8 codes; or uint8 with two int4 codes each, [rows, columns / 2].  Contiguous rows, which are
  // 64-byte aligned when loaded.  Training reads and writes float values directly.
  torch::Tensor values;
  WeightFormat format = WeightFormat::kFloat32;  // of products: a trainee may keep float32 values and
                                                 // multiply in kBFloat16
  WeightLayout layout = WeightLayout::kRowMajor;
  int64_t out = 0;
  int64_t in = 0;
  // kInt8: [rows] float32; kInt4: [rows, columns / group] float16; else undefined.
  torch::Tensor scales = {};
  int64_t group = 0;  // kInt4
  // What quantised weights are widened to where products are not of integers.
  torch::ScalarType widened = torch::kBFloat16;

  bool defined() const { return values.defined(); }
  bool is_quantised() const { return IsQuantised(format); }
  int64_t nbytes() const;

  // The map to outputs [first, first + count), and the one from the first `count` inputs: views without a
  // copy.  Throw RunError when that would cut a block or group of int4 codes.
  LinearWeight Outputs(int64_t first, int64_t count) const;
  LinearWeight Inputs(int64_t count) const;

  // The stored rows as the kernels see them.  The weight must be on the CPU.
  MatrixView View() const;
};

// A float32 or bfloat16 tensor [..., cols] on the CPU, seen as a matrix whose rows run over all leading
// dimensions.  Its rows must be contiguous, and with more than one leading dimension the whole tensor must
// be.  Throws RunError otherwise.
MatrixView ViewOf(const torch::Tensor& matrix);

}  // namespace plelab
