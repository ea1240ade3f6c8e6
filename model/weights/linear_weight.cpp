#include "model/weights/linear_weight.h"

#include "model/base/error.h"

namespace plelab {
namespace {

int64_t Bytes(const torch::Tensor& t) { return t.defined() ? static_cast<int64_t>(t.nbytes()) : 0; }

// Of the stored matrix of `w`: rows [first, first + count).
void CutRows(LinearWeight& w, int64_t first, int64_t count) {
  w.values = w.values.narrow(0, first, count);
  if (w.scales.defined()) w.scales = w.scales.narrow(0, first, count);
}

// Columns [first, first + count).  The scales of int8 are those of whole rows.
void CutColumns(LinearWeight& w, int64_t first, int64_t count) {
  if (w.format != WeightFormat::kInt4) {
    w.values = w.values.narrow(1, first, count);
    return;
  }
  if (first % w.group != 0 || count % w.group != 0) {
    throw RunError(
        "columns {} to {} of an int4 weight cut a group of {} codes that share a scale; expected multiples "
        "of {}: choose another width, or pack with --weights-dtype int8",
        first, first + count, w.group, w.group);
  }
  w.values = w.values.narrow(1, first / 2, count / 2);
  w.scales = w.scales.narrow(1, first / w.group, count / w.group);
}

}  // namespace

int64_t LinearWeight::nbytes() const { return Bytes(values) + Bytes(scales); }

LinearWeight LinearWeight::Outputs(int64_t first, int64_t count) const {
  LinearWeight part = *this;
  part.out = count;
  layout == WeightLayout::kRowMajor ? CutRows(part, first, count) : CutColumns(part, first, count);
  return part;
}

LinearWeight LinearWeight::Inputs(int64_t count) const {
  LinearWeight part = *this;
  part.in = count;
  layout == WeightLayout::kRowMajor ? CutColumns(part, 0, count) : CutRows(part, 0, count);
  return part;
}

MatrixView LinearWeight::View() const {
  if (!is_quantised()) return ViewOf(values);
  const bool is_int4 = format == WeightFormat::kInt4;
  const int64_t per_byte = is_int4 ? 2 : 1;
  return {.data = values.const_data_ptr(),
          .type = format,
          .rows = values.size(0),
          .cols = values.size(1) * per_byte,
          .stride = values.stride(0) * per_byte,
          .scales = scales.const_data_ptr(),
          .group = group,
          .scale_stride = scales.stride(0)};
}

MatrixView ViewOf(const torch::Tensor& matrix) {
  const bool has_rows =
      matrix.dim() > 0 && (matrix.is_contiguous() || (matrix.dim() == 2 && matrix.stride(1) == 1));
  const bool is_float32 = matrix.scalar_type() == torch::kFloat32;
  const bool is_float = is_float32 || matrix.scalar_type() == torch::kBFloat16;
  if (!has_rows || !is_float || !matrix.device().is_cpu()) {
    throw RunError(
        "a kernel needs a float32 or bfloat16 matrix with contiguous rows on the CPU, not {} of strides {}",
        matrix.toString(), Join(matrix.strides(), ", "));
  }
  const int64_t cols = matrix.size(-1);
  return {.data = matrix.const_data_ptr(),
          .type = is_float32 ? ElementType::kFloat32 : ElementType::kBFloat16,
          .rows = cols == 0 ? 0 : matrix.numel() / cols,
          .cols = cols,
          .stride = matrix.dim() == 2 ? matrix.stride(0) : cols};
}

}  // namespace plelab
