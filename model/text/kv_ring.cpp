#include "model/text/kv_ring.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "model/base/error.h"
#include "model/kernels/parallel.h"
#include "model/kernels/products/widen_rows.h"
#include "model/kernels/vector_math.h"
#include "model/weights/linear_weight.h"
#include "model/weights/torch_dtype.h"

namespace plelab {

int64_t CachedVectorBytes(DType dtype, int64_t dim) {
  return dim * SizeOf(dtype) + (dtype == DType::kInt8 ? SizeOf(DType::kFloat32) : 0);
}

void RequireCacheDType(DType dtype, torch::Device device) {
  if (dtype == DType::kFloat32 || dtype == DType::kBFloat16) return;
  if (dtype != DType::kInt8) {
    throw UserError("KV cache: dtype {} is not supported; float32, bfloat16 and int8 are", Name(dtype));
  }
  if (!device.is_cpu())
    throw UserError("KV cache: int8 is supported on the CPU only, not on {}", device.str());
}

KvRing::KvRing(int64_t batch, int64_t heads, int64_t slots, int64_t dim, DType dtype, torch::Device device) {
  RequireCacheDType(dtype, device);
  values_ = at::zeros({batch, heads, slots, dim}, torch::dtype(TorchType(dtype)).device(device));
  if (dtype == DType::kInt8) scales_ = at::zeros({batch, heads, slots}, torch::kFloat32);
}

KvRing KvRing::Clone() const {
  KvRing copy;
  if (values_.defined()) copy.values_ = values_.clone();
  if (scales_.defined()) copy.scales_ = scales_.clone();
  return copy;
}

int64_t KvRing::nbytes() const {
  const auto bytes = [](const torch::Tensor& t) {
    return t.defined() ? static_cast<int64_t>(t.nbytes()) : 0;
  };
  return bytes(values_) + bytes(scales_);
}

MatrixView KvRing::View(int64_t unit, int64_t slot, int64_t count) const {
  if (!scales_.defined()) return RowRange(ViewOf(values_), unit * slots() + slot, count);
  const int64_t dim = values_.size(3);
  const MatrixView all{.data = values_.const_data_ptr<int8_t>(),
                       .type = ElementType::kInt8,
                       .rows = units() * slots(),
                       .cols = dim,
                       .stride = dim,
                       .scales = scales_.const_data_ptr<float>()};
  return RowRange(all, unit * slots() + slot, count);
}

void KvRing::WriteVector(int64_t unit, int64_t position, const float* made) {
  const MatrixView to = View(unit, position % slots(), 1);
  // Only this function writes through a MatrixView, whose data is const: the tensors are the ring's own.
  void* values = const_cast<void*>(to.data);
  if (to.type != ElementType::kInt8) return NarrowTo(made, to.cols, to.type, values);
  *static_cast<float*>(const_cast<void*>(to.scales)) =
      QuantiseRow(made, to.cols, static_cast<int8_t*>(values));
}

void KvRing::WriteOne(int64_t position, const float* made) {
  const int64_t dim = values_.size(3);
  for (int64_t unit = 0; unit < units(); ++unit) WriteVector(unit, position, made + unit * dim);
}

void KvRing::Write(int64_t start, const torch::Tensor& made) {
  const int64_t count = made.size(2), dim = made.size(3);
  if (scales_.defined()) {
    const torch::Tensor wide = made.to(torch::kFloat32).contiguous();
    const float* from = wide.const_data_ptr<float>();
    for (int64_t i = 0; i < units() * count; ++i) WriteVector(i / count, start + i % count, from + i * dim);
    return;
  }
  const int64_t slot = start % slots(), before_wrap = std::min(count, slots() - slot);
  values_.narrow(2, slot, before_wrap).copy_(made.narrow(2, 0, before_wrap));
  if (before_wrap < count) {
    values_.narrow(2, 0, count - before_wrap).copy_(made.narrow(2, before_wrap, count - before_wrap));
  }
}

torch::Tensor KvRing::Read(int64_t start, int64_t end) const {
  const int64_t slot = start % slots(), count = end - start;
  const int64_t before_wrap = std::min(count, slots() - slot);
  if (scales_.defined()) {
    const int64_t dim = values_.size(3);
    torch::Tensor wide = at::empty({values_.size(0), values_.size(1), count, dim}, torch::kFloat32);
    auto* to = wide.mutable_data_ptr<float>();
    ParallelRows(units(), count * dim, [&](int64_t unit) {
      float* rows = to + unit * count * dim;
      WidenRows(View(unit, slot, before_wrap), 0, before_wrap, ElementType::kFloat32, rows);
      WidenRows(View(unit, 0, count - before_wrap), 0, count - before_wrap, ElementType::kFloat32,
                rows + before_wrap * dim);
    });
    return wide;
  }
  const torch::Tensor head = values_.narrow(2, slot, before_wrap);
  return before_wrap == count ? head : at::cat({head, values_.narrow(2, 0, count - before_wrap)}, 2);
}

}  // namespace plelab
