#include "model/ops/matmul.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/kernels/row_sum.h"

namespace plelab {
namespace {

// Size of the float32 copy of a block of weights: it fits in the outer cache, and is large enough to amortise
// the call of a matrix product.
constexpr int64_t kWidenedBlockBytes = int64_t{4} << 20;

torch::Tensor AtenMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor values = w.values.to(x.scalar_type());
  return w.layout == WeightLayout::kRowMajor ? at::linear(x, values) : at::matmul(x, values);
}

torch::Tensor KernelMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor in = x.to(torch::kFloat32).contiguous();
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = w.out;
  torch::Tensor out = at::empty(sizes, in.options());
  MatMulInto(w, {in.const_data_ptr<float>(), in.numel() / w.in, w.in},
             {out.mutable_data_ptr<float>(), w.out});
  return out.to(x.scalar_type());
}

// On a CPU without bfloat16 instructions, ATen's bfloat16 product runs at a sixth of the speed of its float32
// one (21 against 129 GFLOP/s on two AVX2 cores).  The multiplications are exact either way; sums are float32
// and rounded once.
torch::Tensor WidenedMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor in = x.reshape({-1, w.in}).to(torch::kFloat32);
  const torch::Tensor out = at::empty({in.size(0), w.out}, x.options());
  const int64_t block = std::clamp<int64_t>(kWidenedBlockBytes / (w.in * 4), 1, w.out);
  const torch::Tensor scratch = at::empty({block * w.in}, in.options());
  for (int64_t first = 0; first < w.out; first += block) {
    const int64_t n = std::min(block, w.out - first);
    torch::Tensor part = scratch.narrow(0, 0, n * w.in);
    if (w.layout == WeightLayout::kRowMajor) {
      part = part.view({n, w.in}).copy_(w.values.narrow(0, first, n)).t();
    } else {
      part = part.view({w.in, n}).copy_(w.values.narrow(1, first, n));
    }
    torch::Tensor target = out.narrow(1, first, n);
    if (x.scalar_type() == torch::kFloat32) {
      at::mm_out(target, in, part);
    } else {
      target.copy_(at::mm(in, part));
    }
  }
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = w.out;
  return out.view(sizes);
}

bool WantsGradient(const torch::Tensor& x, const LinearWeight& w) {
  return torch::GradMode::is_enabled() && (x.requires_grad() || w.values.requires_grad());
}

bool IsFloat(torch::ScalarType type) { return type == torch::kFloat32 || type == torch::kBFloat16; }

}  // namespace

torch::Tensor MatMul(const torch::Tensor& x, const LinearWeight& w) {
  if (x.size(-1) != w.in) {
    throw RunError("MatMul: the input has {} features, the weight expects {}", x.size(-1), w.in);
  }
  const bool own = x.device().is_cpu() && IsFloat(x.scalar_type()) && IsFloat(w.values.scalar_type()) &&
                   x.numel() > 0 && w.values.stride(1) == 1;
  if (!own || WantsGradient(x, w)) return AtenMatMul(x, w);
  if (x.numel() / w.in <= kMaxVectors) return KernelMatMul(x, w);
  const bool aten_is_fast = x.scalar_type() == torch::kFloat32 ? w.values.scalar_type() == torch::kFloat32
                                                               : CpuMultipliesBFloat16();
  return aten_is_fast ? AtenMatMul(x, w) : WidenedMatMul(x, w);
}

void MatMulInto(const LinearWeight& w, const ConstVectors& x, const Vectors& y) {
  switch (w.layout) {
    case WeightLayout::kRowMajor:
      return MatVec(ViewOf(w), x, y);
    case WeightLayout::kTransposed:
      return RowSum(ViewOf(w), x, y);
  }
}

void MatMulInto(std::span<const MatMulJob> jobs, const ConstVectors& x) {
  std::array<MatVecJob, 8> row_major;
  size_t count = 0;
  for (const MatMulJob& job : jobs) {
    if (job.w->layout != WeightLayout::kRowMajor) {
      MatMulInto(*job.w, x, job.y);
      continue;
    }
    if (count == row_major.size()) MatVec({row_major.data(), std::exchange(count, 0)}, x);
    row_major[count++] = {ViewOf(*job.w), job.y};
  }
  MatVec({row_major.data(), count}, x);
}

MatrixView ViewOf(const LinearWeight& w) { return ViewOf(w.values); }

MatrixView ViewOf(const torch::Tensor& matrix) {
  const bool has_rows =
      matrix.dim() > 0 && (matrix.is_contiguous() || (matrix.dim() == 2 && matrix.stride(1) == 1));
  if (!has_rows || !IsFloat(matrix.scalar_type()) || !matrix.device().is_cpu()) {
    throw RunError(
        "a kernel needs a float32 or bfloat16 matrix with contiguous rows on the CPU, not {} of strides {}",
        matrix.toString(), Join(matrix.strides(), ", "));
  }
  const bool is_float32 = matrix.scalar_type() == torch::kFloat32;
  const int64_t cols = matrix.size(-1);
  return {.data = matrix.const_data_ptr(),
          .type = is_float32 ? ElementType::kFloat32 : ElementType::kBFloat16,
          .rows = cols == 0 ? 0 : matrix.numel() / cols,
          .cols = cols,
          .stride = matrix.dim() == 2 ? matrix.stride(0) : cols};
}

bool CpuMultipliesBFloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");  // every CPU with AMX has it
#elif defined(__aarch64__)
  constexpr unsigned long kHwcap2Bf16 = 1UL << 14;
  return (getauxval(AT_HWCAP2) & kHwcap2Bf16) != 0;
#else
  return false;
#endif
}

}  // namespace plelab
