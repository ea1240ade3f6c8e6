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
#include "model/kernels/parallel.h"
#include "model/kernels/products/row_sum.h"
#include "model/kernels/products/tile_product.h"
#include "model/kernels/products/widen_rows.h"

namespace plelab {
namespace {

// Size of the float32 copy of a block of weights: it fits in the outer cache, and is large enough to amortise
// the call of a matrix product.
constexpr int64_t kWidenedBlockBytes = int64_t{4} << 20;

// Stored rows [first, first + count) of a quantised weight.
torch::Tensor WidenedRows(const MatrixView& view, int64_t first, int64_t count, torch::ScalarType type) {
  torch::Tensor rows = at::empty({count, view.cols}, type);
  const auto element = type == torch::kFloat32 ? ElementType::kFloat32 : ElementType::kBFloat16;
  auto* to = static_cast<char*>(rows.mutable_data_ptr());
  ParallelFor(
      0, count, std::max<int64_t>(1, kMinShareBytes / RowBytes(view)), [&](int64_t begin, int64_t end) {
        WidenRows(view, first + begin, end - begin, element, to + ElementBytes(element, begin * view.cols));
      });
  return rows;
}

torch::Tensor AtenMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor values = w.is_quantised() ? WidenedRows(w.View(), 0, w.values.size(0), x.scalar_type())
                                                : w.values.to(x.scalar_type());
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

// Outputs [first, first + n) of w as a matrix [in, n] of type `type`.
torch::Tensor WidenedBlock(const LinearWeight& w, int64_t first, int64_t n, torch::ScalarType type) {
  const LinearWeight part = w.Outputs(first, n);
  const torch::Tensor rows =
      w.is_quantised() ? WidenedRows(part.View(), 0, part.values.size(0), type) : part.values.to(type);
  return w.layout == WeightLayout::kRowMajor ? rows.t() : rows;
}

// Multiplies block by block of weights that are widened to `type`.  For bfloat16 weights on a CPU without
// bfloat16 instructions: ATen's bfloat16 product runs there at a sixth of the speed of its float32 one (21
// against 129 GFLOP/s on two AVX2 cores).  The multiplications are exact either way; sums are float32 and
// rounded once.
torch::Tensor WidenedMatMul(const torch::Tensor& x, const LinearWeight& w, torch::ScalarType type) {
  const torch::Tensor in = x.reshape({-1, w.in}).to(type);
  torch::Tensor out = at::empty({in.size(0), w.out}, x.options());
  const int64_t element = type == torch::kFloat32 ? 4 : 2;
  int64_t block = std::clamp<int64_t>(kWidenedBlockBytes / (w.in * element), 1, w.out);
  if (w.group > 0) block = std::min(w.out, (block + w.group - 1) / w.group * w.group);
  for (int64_t first = 0; first < w.out; first += block) {
    const int64_t n = std::min(block, w.out - first);
    torch::Tensor target = out.narrow(1, first, n);
    const torch::Tensor weights = WidenedBlock(w, first, n, type);
    if (x.scalar_type() == type) {
      at::mm_out(target, in, weights);
    } else {
      target.copy_(at::mm(in, weights));
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
  const bool known = w.is_quantised() || IsFloat(w.values.scalar_type());
  const bool own =
      x.device().is_cpu() && IsFloat(x.scalar_type()) && known && x.numel() > 0 && w.values.stride(1) == 1;
  if (!own || WantsGradient(x, w)) return AtenMatMul(x, w);
  if (x.numel() / w.in <= kMaxVectors) return KernelMatMul(x, w);
  if (w.is_quantised()) return WidenedMatMul(x, w, x.scalar_type());
  const bool aten_is_fast = x.scalar_type() == torch::kFloat32 ? w.values.scalar_type() == torch::kFloat32
                                                               : CpuMultipliesBFloat16();
  return aten_is_fast ? AtenMatMul(x, w) : WidenedMatMul(x, w, torch::kFloat32);
}

bool TilesServe(const torch::Tensor& x, const LinearWeight& w) {
  const bool fits = w.is_quantised() || w.values.scalar_type() == torch::kBFloat16;
  return fits && x.device().is_cpu() && w.values.stride(1) == 1 && x.numel() > kMaxVectors * w.in &&
         !WantsGradient(x, w) && CpuHasTiles();
}

torch::Tensor TileMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor in = x.to(torch::kFloat32).contiguous();
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = w.out;
  torch::Tensor out = at::empty(sizes, in.options());
  TileProduct(w.View(), w.layout == WeightLayout::kTransposed,
              {in.const_data_ptr<float>(), in.numel() / w.in, w.in}, out.mutable_data_ptr<float>(), w.out);
  return out;
}

void MatMulInto(const LinearWeight& w, const ConstVectors& x, const Vectors& y) {
  switch (w.layout) {
    case WeightLayout::kRowMajor:
      return MatVec(w.View(), x, y);
    case WeightLayout::kTransposed:
      return RowSum(w.View(), x, y);
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
    row_major[count++] = {job.w->View(), job.y};
  }
  MatVec({row_major.data(), count}, x);
}

torch::Tensor GatherRows(const LinearWeight& w, const torch::Tensor& ids) {
  const MatrixView view = w.View();
  const torch::Tensor wanted = ids.to(torch::kInt64).contiguous();
  std::vector<int64_t> sizes = ids.sizes().vec();
  sizes.push_back(w.in);
  torch::Tensor rows = at::empty(sizes, torch::kFloat32);
  const int64_t* id = wanted.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < wanted.numel(); ++i) {
    if (id[i] < 0 || id[i] >= view.rows) throw RunError("row {} of {} was asked for", id[i], view.rows);
    WidenRows(view, id[i], 1, ElementType::kFloat32, rows.mutable_data_ptr<float>() + i * w.in);
  }
  return rows;
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
