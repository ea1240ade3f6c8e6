#include "model/kernels/matvec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/matvec.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/load_pair-inl.h"

#ifndef PLELAB_MATVEC_ONCE
#define PLELAB_MATVEC_ONCE
namespace plelab {
namespace {

// Vectors in the order that the inner loop needs, in groups of up to four.  For each step of the loop this is
// the two vectors of floats that match LoadPair's, one vector of the group after the other; then, for each
// vector, the elements that do not fill a whole step.
struct PackedVectors {
  const float* data = nullptr;
  int64_t count = 0;
};
constexpr int64_t kGroup = 4;

// Outputs [begin, end) of one product.  `rows` lists their rows; nullptr means that output o is row o.
struct Share {
  MatrixView w;
  const int32_t* rows;
  int64_t begin, end;
  Vectors y;
};

}  // namespace
}  // namespace plelab
#endif  // PLELAB_MATVEC_ONCE

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

constexpr size_t kStep = 2 * kLanes;  // elements of a row that one step of the inner loop reads

// Writes `size` floats for each vector.
void PackGroup(ElementType type, const ConstVectors& x, size_t size, float* HWY_RESTRICT out) {
  const bool splits = type == ElementType::kBFloat16;
  const size_t whole = size - size % kStep;
  for (int64_t v = 0; v < x.count; ++v) {
    const float* HWY_RESTRICT source = x.data + v * x.stride;
    for (size_t j = 0; j < whole; j += kStep) {
      float* HWY_RESTRICT step = out + j * x.count + v * kStep;
      for (size_t k = 0; k < kLanes; ++k) {
        step[k] = source[j + (splits ? 2 * k : k)];
        step[kLanes + k] = source[j + (splits ? 2 * k + 1 : kLanes + k)];
      }
    }
    std::copy(source + whole, source + size, out + whole * x.count + v * (size - whole));
  }
}
void PackVectors(ElementType type, const ConstVectors& x, int64_t size, float* out) {
  for (int64_t v = 0; v < x.count; v += kGroup) {
    const ConstVectors group{x.data + v * x.stride, std::min(kGroup, x.count - v), x.stride};
    PackGroup(type, group, static_cast<size_t>(size), out + v * size);
  }
}

// Multiplies kOutputs rows of weights by kInputs vectors.  Each output owns one accumulator and a scalar
// tail, whatever the tile, so results do not depend on how outputs and vectors are grouped.
template <class T, size_t kOutputs, size_t kInputs>
HWY_INLINE void DotTile(const T* const* w, const float* HWY_RESTRICT x, size_t size,
                        float (&out)[kOutputs][kInputs]) {
  const DF df;
  VF sum[kOutputs][kInputs];
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t v = 0; v < kInputs; ++v) sum[o][v] = hn::Zero(df);
  }
  size_t j = 0;
  for (; j + kStep <= size; j += kStep, x += kInputs * kStep) {
    for (size_t o = 0; o < kOutputs; ++o) {
      VF even, odd;
      LoadPair(w[o] + j, even, odd);
      for (size_t v = 0; v < kInputs; ++v) {
        sum[o][v] = hn::MulAdd(even, hn::LoadU(df, x + v * kStep), sum[o][v]);
        sum[o][v] = hn::MulAdd(odd, hn::LoadU(df, x + v * kStep + kLanes), sum[o][v]);
      }
    }
  }
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t v = 0; v < kInputs; ++v) {
      float tail = 0;
      for (size_t i = j; i < size; ++i) tail += Widen(w[o][i]) * x[v * (size - j) + i - j];
      out[o][v] = hn::GetLane(hn::SumOfLanes(df, sum[o][v])) + tail;
    }
  }
}

// Multiplies one tile of rows by the kInputs vectors from `first` on.
template <class T, size_t kOutputs, size_t kInputs>
HWY_INLINE void DotInto(const T* const* w, const int64_t* row, const Share& share, const PackedVectors& x,
                        int64_t first) {
  float out[kOutputs][kInputs];
  DotTile<T>(w, x.data + first * share.w.cols, static_cast<size_t>(share.w.cols), out);
  for (size_t k = 0; k < kOutputs; ++k) {
    for (size_t v = 0; v < kInputs; ++v) share.y.data[(first + v) * share.y.stride + row[k]] = out[k][v];
  }
}

// Multiplies kInputs vectors, and kMore after them while the rows are in the L1 cache.
template <class T, size_t kOutputs, size_t kInputs, size_t kMore = 0>
HWY_NOINLINE void DotOutputs(const Share& share, const PackedVectors& x) {
  // The rows of a tile lie far apart: a core reads several long streams side by side faster than a single
  // one.
  const int64_t apart = (share.end - share.begin) / static_cast<int64_t>(kOutputs);
  for (int64_t o = share.begin; o < share.begin + apart; ++o) {
    const T* w[kOutputs];
    int64_t row[kOutputs];
    for (size_t k = 0; k < kOutputs; ++k) {
      const int64_t output = o + static_cast<int64_t>(k) * apart;
      row[k] = share.rows == nullptr ? output : share.rows[output];
      w[k] = static_cast<const T*>(share.w.data) + row[k] * share.w.stride;
    }
    DotInto<T, kOutputs, kInputs>(w, row, share, x, 0);
    if constexpr (kMore > 0) DotInto<T, kOutputs, kMore>(w, row, share, x, kInputs);
  }
  if constexpr (kOutputs > 1) {
    const int64_t done = share.begin + apart * static_cast<int64_t>(kOutputs);
    if (done == share.end) return;
    DotOutputs<T, kOutputs / 2, kInputs, kMore>({share.w, share.rows, done, share.end, share.y}, x);
  }
}

// Tiles have eight accumulators: enough independent sums to hide the latency of a multiply-add, and few
// enough for sixteen registers.
template <class T>
void DotShareOf(const Share& share, const PackedVectors& x) {
  static_assert(kGroup == 4 && kMaxVectors == 8);
  switch (x.count) {
    case 1:
      return DotOutputs<T, 8, 1>(share, x);
    case 2:
      return DotOutputs<T, 4, 2>(share, x);
    case 3:
      return DotOutputs<T, 2, 3>(share, x);
    case 4:
      return DotOutputs<T, 2, 4>(share, x);
    case 5:
      return DotOutputs<T, 2, 4, 1>(share, x);
    case 6:
      return DotOutputs<T, 2, 4, 2>(share, x);
    case 7:
      return DotOutputs<T, 2, 4, 3>(share, x);
    default:
      return DotOutputs<T, 2, 4, 4>(share, x);
  }
}

void DotShare(const Share& share, const PackedVectors& x) {
  switch (share.w.type) {
    case ElementType::kFloat32:
      return DotShareOf<float>(share, x);
    case ElementType::kBFloat16:
      return DotShareOf<uint16_t>(share, x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(PackVectors);
HWY_EXPORT(DotShare);

// Scratch that grows and is kept.  Aligned, so that no load of packed vectors crosses a cache line.
struct AlignedScratch {
  hwy::AlignedFreeUniquePtr<float[]> data;
  int64_t size = 0;
  float* Reserve(int64_t floats) {
    if (size < floats) {
      data = hwy::AllocateAligned<float>(floats);
      size = data == nullptr ? 0 : floats;
      if (data == nullptr) throw std::bad_alloc();
    }
    return data.get();
  }
};

// Packs the vectors of one call for each element type when it first occurs, into scratch that the thread
// keeps.
class Packer {
 public:
  const PackedVectors& For(ElementType type, const ConstVectors& x, int64_t size) {
    static thread_local std::array<AlignedScratch, 2> scratch;
    const auto index = static_cast<size_t>(type);
    PackedVectors& packed = packed_[index];
    if (packed.count == 0) {
      float* data = scratch[index].Reserve(size * x.count);
      HWY_DYNAMIC_DISPATCH(PackVectors)(type, x, size, data);
      packed = {data, x.count};
    }
    return packed;
  }

 private:
  std::array<PackedVectors, 2> packed_;
};

}  // namespace

void MatVec(std::span<const MatVecJob> jobs, const ConstVectors& x) {
  CheckVectors(x.count);
  Packer pack;
  int64_t outputs = 0, bytes = 0;
  for (const MatVecJob& job : jobs) {
    pack.For(job.w.type, x, job.w.cols);
    outputs += job.w.rows;
    bytes += job.w.rows * RowBytes(job.w);
  }
  if (outputs == 0) return;
  const int64_t grain = std::max<int64_t>(1, kMinShareBytes * outputs / std::max<int64_t>(1, bytes));
  const auto dot_share = HWY_DYNAMIC_DISPATCH(DotShare);
  ParallelFor(0, outputs, grain, [&](int64_t begin, int64_t end) {
    int64_t first = 0;  // first output of this job among the outputs of all jobs
    for (const MatVecJob& job : jobs) {
      const int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, job.w.rows);
      if (from < to) dot_share({job.w, nullptr, from, to, job.y}, pack.For(job.w.type, x, job.w.cols));
      first += job.w.rows;
    }
  });
}

void MatVecRows(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& x, const Vectors& y) {
  CheckVectors(x.count);
  Packer pack;
  const PackedVectors& packed = pack.For(w.type, x, w.cols);
  const int64_t grain = std::max<int64_t>(1, kMinShareBytes / std::max<int64_t>(1, RowBytes(w)));
  const auto dot_share = HWY_DYNAMIC_DISPATCH(DotShare);
  ParallelFor(0, std::ssize(rows), grain, [&](int64_t begin, int64_t end) {
    dot_share({w, rows.data(), begin, end, y}, packed);
  });
}

}  // namespace plelab
#endif  // HWY_ONCE
