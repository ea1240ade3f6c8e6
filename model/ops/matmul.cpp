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
#include "model/kernels/products/widen_rows.h"
#include "model/kernels/tiles/tile_product.h"

namespace plelab {
namespace {

// Size of the float32 copy of a block of weights: it fits in the outer cache, and is large enough to amortise
// the call of a matrix product.
constexpr int64_t kWidenedBlockBytes = int64_t{4} << 20;

// Writes the stored rows of a weight to `to`, a contiguous tensor of their shape, in its type.
void WidenInto(const LinearWeight& w, torch::Tensor to) {
  if (!w.is_quantised()) {
    to.copy_(w.values);
    return;
  }
  const MatrixView view = w.View();
  const auto element = to.scalar_type() == torch::kFloat32 ? ElementType::kFloat32 : ElementType::kBFloat16;
  auto* rows = static_cast<char*>(to.mutable_data_ptr());
  const int64_t grain = std::max<int64_t>(1, kMinShareBytes / RowBytes(view));
  ParallelFor(0, view.rows, grain, [&](int64_t begin, int64_t end) {
    WidenRows(view, begin, end - begin, element, rows + ElementBytes(element, begin * view.cols));
  });
}

std::vector<int64_t> StoredShape(const LinearWeight& w) {
  return w.layout == WeightLayout::kRowMajor ? std::vector{w.out, w.in} : std::vector{w.in, w.out};
}

torch::Tensor AtenMatMul(const torch::Tensor& x, const LinearWeight& w) {
  torch::Tensor values = w.values;
  if (w.is_quantised()) WidenInto(w, values = at::empty(StoredShape(w), x.options()));
  values = values.to(x.scalar_type());
  return w.layout == WeightLayout::kRowMajor ? at::linear(x, values) : at::matmul(x, values);
}

// Calls multiply(rows of x, their number, rows of the product) on float32.  Returns the product in float32.
template <class F>
torch::Tensor MultiplyRows(const torch::Tensor& x, const LinearWeight& w, const F& multiply) {
  const torch::Tensor in = x.to(torch::kFloat32).contiguous();
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = w.out;
  torch::Tensor out = at::empty(sizes, in.options());
  multiply(in.const_data_ptr<float>(), in.numel() / w.in, out.mutable_data_ptr<float>());
  return out;
}

torch::Tensor KernelMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const auto multiply = [&](const float* in, int64_t count, float* out) {
    MatMulInto(w, {in, count, w.in}, {out, w.out});
  };
  return MultiplyRows(x, w, multiply).to(x.scalar_type());
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
  const torch::Tensor scratch = at::empty({block * w.in}, in.options());
  for (int64_t first = 0; first < w.out; first += block) {
    const int64_t n = std::min(block, w.out - first);
    torch::Tensor target = out.narrow(1, first, n);
    const LinearWeight part = w.Outputs(first, n);
    torch::Tensor weights = scratch.narrow(0, 0, n * w.in).view(StoredShape(part));
    WidenInto(part, weights);
    if (w.layout == WeightLayout::kRowMajor) weights = weights.t();
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
         !WantsGradient(x, w) && CpuMultipliesTiles(w.View().type);
}

torch::Tensor TileMatMul(const torch::Tensor& x, const LinearWeight& w) {
  return MultiplyRows(x, w, [&](const float* in, int64_t count, float* out) {
    TileProduct(w.View(), w.layout == WeightLayout::kTransposed, {in, count, w.in}, out, w.out);
  });
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
