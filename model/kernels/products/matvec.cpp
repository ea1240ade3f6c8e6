#include "model/kernels/products/matvec.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/products/matvec.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/products/dot_float-inl.h"
#include "model/kernels/products/dot_quantised-inl.h"
#include "model/kernels/products/kept_scratch.h"
#include "model/kernels/products/quantise_vector-inl.h"

#ifndef PLELAB_MATVEC_ONCE
#define PLELAB_MATVEC_ONCE
namespace plelab {
namespace {

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

void PackVectors(ElementType type, const ConstVectors& x, int64_t size, std::byte* out) {
  if (!IsQuantised(type)) {
    return PackFloats(type == ElementType::kBFloat16, x, size, reinterpret_cast<float*>(out));
  }
  for (int64_t v = 0; v < x.count; ++v) {
    QuantiseVector(type, x.data + v * x.stride, static_cast<size_t>(size), out + v * PackedBytes(type, size));
  }
}

// Multiplies one tile of rows by the kInputs vectors from `first` on.
template <class Dot, size_t kOutputs, size_t kInputs>
HWY_INLINE void DotInto(const int64_t (&row)[kOutputs], const Share& share, const PackedVectors& x,
                        int64_t first) {
  float out[kOutputs][kInputs];
  Dot::Tile(share.w, row, x, first, out);
  for (size_t k = 0; k < kOutputs; ++k) {
    for (size_t v = 0; v < kInputs; ++v) share.y.data[(first + v) * share.y.stride + row[k]] = out[k][v];
  }
}

// Multiplies kInputs vectors, and kMore after them while the rows are in the L1 cache.
template <class Dot, size_t kOutputs, size_t kInputs, size_t kMore = 0>
HWY_NOINLINE void DotOutputs(const Share& share, const PackedVectors& x) {
  // The rows of a tile lie far apart: a core reads several long streams side by side faster than a single
  // one.
  const int64_t apart = (share.end - share.begin) / static_cast<int64_t>(kOutputs);
  for (int64_t o = share.begin; o < share.begin + apart; ++o) {
    int64_t row[kOutputs];
    for (size_t k = 0; k < kOutputs; ++k) {
      const int64_t output = o + static_cast<int64_t>(k) * apart;
      row[k] = share.rows == nullptr ? output : share.rows[output];
    }
    DotInto<Dot, kOutputs, kInputs>(row, share, x, 0);
    if constexpr (kMore > 0) DotInto<Dot, kOutputs, kMore>(row, share, x, kInputs);
  }
  if constexpr (kOutputs > 1) {
    const int64_t done = share.begin + apart * static_cast<int64_t>(kOutputs);
    if (done == share.end) return;
    DotOutputs<Dot, kOutputs / 2, kInputs, kMore>({share.w, share.rows, done, share.end, share.y}, x);
  }
}

// Tiles have eight accumulators: enough independent sums to hide the latency of a multiply-add, and few
// enough for sixteen registers.  With AVX2 four outputs of one vector are as fast in all formats, and faster
// in int4, whose rows and scales then have a register each.
constexpr size_t kOneVectorOutputs = HWY_TARGET == HWY_AVX2 ? 4 : 8;
template <class Dot>
void DotShareOf(const Share& share, const PackedVectors& x) {
  static_assert(kTileVectors == 4 && kMaxVectors == 8);
  switch (x.count) {
    case 1:
      return DotOutputs<Dot, kOneVectorOutputs, 1>(share, x);
    case 2:
      return DotOutputs<Dot, 4, 2>(share, x);
    case 3:
      return DotOutputs<Dot, 2, 3>(share, x);
    case 4:
      return DotOutputs<Dot, 2, 4>(share, x);
    case 5:
      return DotOutputs<Dot, 2, 4, 1>(share, x);
    case 6:
      return DotOutputs<Dot, 2, 4, 2>(share, x);
    case 7:
      return DotOutputs<Dot, 2, 4, 3>(share, x);
    default:
      return DotOutputs<Dot, 2, 4, 4>(share, x);
  }
}

template <template <class By> class Dot>
void DotBytes(const Share& share, const PackedVectors& x) {
#if HWY_ARCH_ARM_A64 && HWY_TARGET <= HWY_NEON
  if (CpuHasSignedDot()) return DotShareOf<Dot<SignedDot>>(share, x);
#endif
  DotShareOf<Dot<UnsignedDot>>(share, x);
}

void DotShare(const Share& share, const PackedVectors& x) {
  switch (share.w.type) {
    case ElementType::kFloat32:
      return DotShareOf<FloatDot<float>>(share, x);
    case ElementType::kBFloat16:
      return DotShareOf<FloatDot<uint16_t>>(share, x);
    case ElementType::kInt8:
      return DotBytes<Int8Dot>(share, x);
    case ElementType::kInt4:
      return DotBytes<Int4Dot>(share, x);
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

// Packs the vectors of one call for each element type when it first occurs, into scratch that the thread
// keeps.
class Packer {
 public:
  const PackedVectors& For(ElementType type, const ConstVectors& x, int64_t size) {
    static thread_local std::array<KeptScratch, kTypes> scratch;
    const auto index = static_cast<size_t>(type);
    PackedVectors& packed = packed_[index];
    if (packed.count == 0) {
      std::byte* data = scratch[index].AtLeast(PackedBytes(type, size) * x.count);
      HWY_DYNAMIC_DISPATCH(PackVectors)(type, x, size, data);
      packed = {data, x.count};
    }
    return packed;
  }

 private:
  static constexpr size_t kTypes = static_cast<size_t>(ElementType::kInt4) + 1;
  std::array<PackedVectors, kTypes> packed_;
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
  ParallelPieces(0, outputs, grain, [&](int64_t begin, int64_t end) {
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
  ParallelPieces(0, std::ssize(rows), grain, [&](int64_t begin, int64_t end) {
    dot_share({w, rows.data(), begin, end, y}, packed);
  });
}

}  // namespace plelab
#endif  // HWY_ONCE
