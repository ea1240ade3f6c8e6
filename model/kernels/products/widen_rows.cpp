#include "model/kernels/products/widen_rows.h"

#include <cstddef>
#include <vector>

#include "model/base/half_floats.h"
#include "model/kernels/vector_math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/products/widen_rows.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/load_pair-inl.h"
#include "model/kernels/products/load_nibbles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

void WidenInt8(const MatrixView& m, int64_t row, float* HWY_RESTRICT to) {
  const DF df;
  const auto size = static_cast<size_t>(m.cols);
  const auto* from = static_cast<const int8_t*>(RowData(m, row));
  const float scale = *static_cast<const float*>(RowScales(m, row));
  const VF by = hn::Set(df, scale);
  size_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    VF first, second;
    LoadPair(from + i, first, second);
    hn::StoreU(hn::Mul(first, by), df, to + i);
    hn::StoreU(hn::Mul(second, by), df, to + i + kLanes);
  }
  for (; i < size; ++i) to[i] = static_cast<float>(from[i]) * scale;
}

void WidenInt4(const MatrixView& m, int64_t row, float* HWY_RESTRICT to) {
  const DF df;
  const auto* from = static_cast<const uint8_t*>(RowData(m, row));
  const auto* scales = static_cast<const uint16_t*>(RowScales(m, row));
  for (int64_t c = 0; c < m.cols; c += kNibbleBlock, from += kNibbleBlock / 2, to += kNibbleBlock) {
    const VF by = hn::Set(df, WidenHalf(scales[c / m.group]));
    for (size_t part = 0; part < kNibbleBlock / 2; part += kLanes) {
      VF lower, upper;
      LoadNibbles(from + part, lower, upper);
      hn::StoreU(hn::Mul(lower, by), df, to + part);
      hn::StoreU(hn::Mul(upper, by), df, to + kNibbleBlock / 2 + part);
    }
  }
}

void WidenQuantised(const MatrixView& m, int64_t row, float* to) {
  m.type == ElementType::kInt8 ? WidenInt8(m, row, to) : WidenInt4(m, row, to);
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(WidenQuantised);

void WidenRow(const MatrixView& m, int64_t row, float* to) {
  if (!IsQuantised(m.type)) return WidenTo(RowData(m, row), m.type, m.cols, to);
  HWY_DYNAMIC_DISPATCH(WidenQuantised)(m, row, to);
}

}  // namespace

void WidenRows(const MatrixView& m, int64_t first, int64_t count, ElementType type, void* to) {
  static thread_local std::vector<float> wide;  // one row, kept
  for (int64_t i = 0; i < count; ++i) {
    void* target = static_cast<char*>(to) + ElementBytes(type, i * m.cols);
    if (type == ElementType::kFloat32) {
      WidenRow(m, first + i, static_cast<float*>(target));
      continue;
    }
    wide.resize(static_cast<size_t>(m.cols));
    WidenRow(m, first + i, wide.data());
    NarrowTo(wide.data(), m.cols, type, target);
  }
}

}  // namespace plelab
#endif  // HWY_ONCE
