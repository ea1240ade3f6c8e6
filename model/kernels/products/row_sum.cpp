#include "model/kernels/products/row_sum.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/products/row_sum.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/base/half_floats.h"
#include "model/kernels/load_pair-inl.h"
#include "model/kernels/products/load_nibbles-inl.h"

#ifndef PLELAB_ROW_SUM_ONCE
#define PLELAB_ROW_SUM_ONCE
namespace plelab {
namespace {

struct RowSumShare {
  MatrixView w;
  const int32_t* rows;  // nullptr: row i of count is i
  int64_t count;
  ConstVectors a;
  int64_t begin, end;  // columns
  Vectors y;
};

}  // namespace
}  // namespace plelab
#endif  // PLELAB_ROW_SUM_ONCE

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
constexpr size_t kTileColumns = 1024;  // the sums of one tile stay in the L1 cache
constexpr size_t kGroup = 8;           // rows read side by side

// sum[c] += Σ_k a[k] · w[k][c].  Rows are added one after the other, so their grouping does not change the
// result.  Within each pair of vectors, `sum` keeps the elements in the order in which LoadPair returns them.
template <class T, size_t kRows>
HWY_INLINE void AddRows(const T* const* w, const float* a, size_t columns, float* HWY_RESTRICT sum) {
  const DF df;
  VF scale[kRows];
  for (size_t k = 0; k < kRows; ++k) scale[k] = hn::Set(df, a[k]);
  size_t c = 0;
  for (; c + 2 * kLanes <= columns; c += 2 * kLanes) {
    VF first = hn::Load(df, sum + c), second = hn::Load(df, sum + c + kLanes);
    for (size_t k = 0; k < kRows; ++k) {
      VF even, odd;
      LoadPair(w[k] + c, even, odd);
      first = hn::MulAdd(even, scale[k], first);
      second = hn::MulAdd(odd, scale[k], second);
    }
    hn::Store(first, df, sum + c);
    hn::Store(second, df, sum + c + kLanes);
  }
  for (; c < columns; ++c) {
    for (size_t k = 0; k < kRows; ++k) sum[c] += a[k] * Widen(w[k][c]);
  }
}

// a times the scale of each of the `blocks` blocks of a row from a column on.
HWY_INLINE void ScaleBlocks(const MatrixView& w, int64_t row, float a, size_t first_column, size_t blocks,
                            float* HWY_RESTRICT scaled) {
  const auto per_scale = static_cast<size_t>(w.group / kNibbleBlock);
  const auto* scales = static_cast<const uint16_t*>(RowScales(w, row));
  const size_t first = first_column / kNibbleBlock;
  if (per_scale == 1) {
    for (size_t b = 0; b < blocks; ++b) scaled[b] = a * FromFloat16(scales[first + b]);
  } else {
    for (size_t b = 0; b < blocks; ++b) scaled[b] = a * FromFloat16(scales[(first + b) / per_scale]);
  }
}

// The same for int4, whose values come in blocks of 32 with a scale for each row.
template <size_t kRows>
HWY_INLINE void AddNibbleRows(const MatrixView& w, const int64_t* row, const float* a, size_t first_column,
                              size_t columns, float* HWY_RESTRICT sum) {
  const DF df;
  const uint8_t* from[kRows];
  float scaled[kRows][kTileColumns / kNibbleBlock];
  for (size_t k = 0; k < kRows; ++k) {
    from[k] = static_cast<const uint8_t*>(RowData(w, row[k])) + first_column / 2;
    ScaleBlocks(w, row[k], a[k], first_column, columns / kNibbleBlock, scaled[k]);
  }
  for (size_t c = 0; c < columns; c += kNibbleBlock, sum += kNibbleBlock) {
    VF scale[kRows];
    for (size_t k = 0; k < kRows; ++k) scale[k] = hn::Set(df, scaled[k][c / kNibbleBlock]);
    for (size_t part = 0; part < kNibbleBlock / 2; part += kLanes) {
      VF low = hn::Load(df, sum + part), high = hn::Load(df, sum + kNibbleBlock / 2 + part);
      for (size_t k = 0; k < kRows; ++k) {
        VF lower, upper;
        LoadNibbles(from[k] + c / 2 + part, lower, upper);
        low = hn::MulAdd(lower, scale[k], low);
        high = hn::MulAdd(upper, scale[k], high);
      }
      hn::Store(low, df, sum + part);
      hn::Store(high, df, sum + kNibbleBlock / 2 + part);
    }
  }
}

// Adds a tile to y and undoes the element order of AddRows.
template <class T>
HWY_INLINE void AddTile(const float* HWY_RESTRICT sum, size_t columns, float* HWY_RESTRICT y) {
  const size_t paired = columns - columns % (2 * kLanes);
  for (size_t c = 0; c < paired; c += 2 * kLanes) {
    for (size_t l = 0; l < 2 * kLanes; ++l) {
      const size_t at = kSplitsPairs<T> ? (l % 2) * kLanes + l / 2 : l;
      y[c + l] += sum[c + at];
    }
  }
  for (size_t c = paired; c < columns; ++c) y[c] += sum[c];
}

// T: the element type, or Nibble for int4.
struct Nibble;
template <class T, size_t kRows>
HWY_INLINE void AddGroup(const MatrixView& w, const int64_t* row, const float* a, int64_t first_column,
                         size_t columns, float* HWY_RESTRICT sum) {
  if constexpr (std::is_same_v<T, Nibble>) {
    AddNibbleRows<kRows>(w, row, a, static_cast<size_t>(first_column), columns, sum);
  } else {
    const T* from[kRows];
    float scaled[kRows];
    for (size_t k = 0; k < kRows; ++k) {
      from[k] = static_cast<const T*>(RowData(w, row[k])) + first_column;
      scaled[k] = std::is_same_v<T, int8_t> ? a[k] * static_cast<const float*>(w.scales)[row[k]] : a[k];
    }
    AddRows<T, kRows>(from, scaled, columns, sum);
  }
}

// Rows of int4 are so short that the CPU does not see a stream in them; other rows are read slower with this.
HWY_INLINE void PrefetchNext(const RowSumShare& share, int64_t next, int64_t first_column, size_t columns) {
  constexpr int64_t kLine = 64;
  if (share.rows == nullptr || share.w.type != ElementType::kInt4) return;
  const int64_t bytes = ElementBytes(share.w.type, static_cast<int64_t>(columns));
  for (int64_t i = next; i < std::min(share.count, next + static_cast<int64_t>(kGroup)); ++i) {
    const auto* data =
        static_cast<const char*>(RowData(share.w, share.rows[i])) + ElementBytes(share.w.type, first_column);
    for (int64_t at = 0; at < bytes; at += kLine) hwy::Prefetch(data + at);
    const auto* scales =
        static_cast<const char*>(RowScales(share.w, share.rows[i])) + 2 * (first_column / share.w.group);
    for (int64_t at = 0; at < bytes / 8; at += kLine) hwy::Prefetch(scales + at);
  }
}

template <class T>
void AddTileOf(const RowSumShare& share, int64_t first_column, size_t columns) {
  HWY_ALIGN float sums[kMaxVectors][kTileColumns];
  for (int64_t v = 0; v < share.a.count; ++v) std::fill_n(sums[v], columns, 0.0f);
  for (int64_t i = 0; i < share.count; i += kGroup) {
    const size_t rows = static_cast<size_t>(std::min<int64_t>(kGroup, share.count - i));
    int64_t row[kGroup];
    for (size_t k = 0; k < rows; ++k) {
      row[k] = share.rows == nullptr ? i + static_cast<int64_t>(k) : share.rows[i + k];
    }
    PrefetchNext(share, i + kGroup, first_column, columns);
    for (int64_t v = 0; v < share.a.count; ++v) {
      float a[kGroup];
      for (size_t k = 0; k < rows; ++k) a[k] = share.a.data[v * share.a.stride + row[k]];
      if (rows == kGroup) {
        AddGroup<T, kGroup>(share.w, row, a, first_column, columns, sums[v]);
      } else {
        for (size_t k = 0; k < rows; ++k) {
          AddGroup<T, 1>(share.w, row + k, a + k, first_column, columns, sums[v]);
        }
      }
    }
  }
  for (int64_t v = 0; v < share.a.count; ++v) {
    AddTile<T>(sums[v], columns, share.y.data + v * share.y.stride + first_column);
  }
}

template <class T>
void AddShareOf(const RowSumShare& share) {
  for (int64_t c = share.begin; c < share.end; c += kTileColumns) {
    AddTileOf<T>(share, c, static_cast<size_t>(std::min<int64_t>(kTileColumns, share.end - c)));
  }
}

void AddShare(const RowSumShare& share) {
  switch (share.w.type) {
    case ElementType::kFloat32:
      return AddShareOf<float>(share);
    case ElementType::kBFloat16:
      return AddShareOf<uint16_t>(share);
    case ElementType::kInt8:
      return AddShareOf<int8_t>(share);
    case ElementType::kInt4:
      return AddShareOf<Nibble>(share);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(AddShare);

// Columns are handed out by cache lines, which hold 32 bfloat16, or by blocks of int4.
constexpr int64_t kLineColumns = 32;

void ParallelRowSum(const MatrixView& w, const int32_t* rows, int64_t count, const ConstVectors& a,
                    const Vectors& y) {
  CheckVectors(a.count);
  for (int64_t v = 0; v < a.count; ++v) std::fill_n(y.data + v * y.stride, w.cols, 0.0f);
  const int64_t lines = (w.cols + kLineColumns - 1) / kLineColumns;
  const int64_t line_bytes = std::max<int64_t>(1, count * ElementBytes(w.type, kLineColumns));
  const auto add_share = HWY_DYNAMIC_DISPATCH(AddShare);
  ParallelFor(0, lines, std::max<int64_t>(1, kMinShareBytes / line_bytes), [&](int64_t begin, int64_t end) {
    add_share({w, rows, count, a, begin * kLineColumns, std::min(end * kLineColumns, w.cols), y});
  });
}

}  // namespace

void RowSum(const MatrixView& w, const ConstVectors& a, const Vectors& y) {
  ParallelRowSum(w, nullptr, w.rows, a, y);
}

void RowSum(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& a, const Vectors& y) {
  ParallelRowSum(w, rows.data(), std::ssize(rows), a, y);
}

void AddRowSumSerial(const MatrixView& w, const ConstVectors& a, const Vectors& y) {
  CheckVectors(a.count);
  HWY_DYNAMIC_DISPATCH(AddShare)({w, nullptr, w.rows, a, 0, w.cols, y});
}

}  // namespace plelab
#endif  // HWY_ONCE
