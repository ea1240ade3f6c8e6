#include "model/kernels/matvec.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/matvec.cpp"
#include "model/kernels/targets.h"
// After targets.h, which says which instruction sets are compiled.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/load_pair-inl.h"

#ifndef PLELAB_MATVEC_ONCE
#define PLELAB_MATVEC_ONCE
namespace plelab {
namespace {

// Vectors as the inner loop wants them.  bfloat16 weights: the even and the odd elements lie apart, because
// two neighbouring weights come out of one 32-bit lane.  float32 weights: both point to the vector itself.
struct PreparedVectors {
  const float* even[kMaxVectors];
  const float* odd[kMaxVectors];
  int64_t count = 0;
};

// Outputs [begin, end) of one product; `rows` names them, or is null where output o is row o.
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

// kOutputs rows of weights × kInputs vectors.  Each output owns two accumulators and a scalar tail, whatever
// the tile: that is what makes results independent of how outputs and vectors are grouped.
template <class T, size_t kOutputs, size_t kInputs>
HWY_INLINE void DotTile(const T* const* w, const float* const* x_even, const float* const* x_odd, size_t size,
                        float (&out)[kOutputs][kInputs]) {
  const DF df;
  VF even_sum[kOutputs][kInputs], odd_sum[kOutputs][kInputs];
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t v = 0; v < kInputs; ++v) even_sum[o][v] = odd_sum[o][v] = hn::Zero(df);
  }
  size_t j = 0;
  for (; j + 2 * kLanes <= size; j += 2 * kLanes) {
    VF even[kOutputs], odd[kOutputs];
    for (size_t o = 0; o < kOutputs; ++o) LoadPair(w[o] + j, even[o], odd[o]);
    for (size_t v = 0; v < kInputs; ++v) {
      const VF xe = hn::LoadU(df, x_even[v] + (kSplitsPairs<T> ? j / 2 : j));
      const VF xo = hn::LoadU(df, x_odd[v] + (kSplitsPairs<T> ? j / 2 : j + kLanes));
      for (size_t o = 0; o < kOutputs; ++o) {
        even_sum[o][v] = hn::MulAdd(even[o], xe, even_sum[o][v]);
        odd_sum[o][v] = hn::MulAdd(odd[o], xo, odd_sum[o][v]);
      }
    }
  }
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t v = 0; v < kInputs; ++v) {
      float tail = 0;
      for (size_t i = j; i < size; ++i) {
        tail += Widen(w[o][i]) * (!kSplitsPairs<T> ? x_even[v][i]
                                  : i % 2 == 0     ? x_even[v][i / 2]
                                                   : x_odd[v][i / 2]);
      }
      out[o][v] = hn::GetLane(hn::SumOfLanes(df, hn::Add(even_sum[o][v], odd_sum[o][v]))) + tail;
    }
  }
}

template <class T, size_t kOutputs, size_t kInputs>
HWY_NOINLINE void DotOutputs(const Share& share, const PreparedVectors& x, size_t first_vector) {
  const size_t size = static_cast<size_t>(share.w.cols);
  int64_t o = share.begin;
  for (; o + static_cast<int64_t>(kOutputs) <= share.end; o += kOutputs) {
    const T* w[kOutputs];
    int64_t row[kOutputs];
    for (size_t k = 0; k < kOutputs; ++k) {
      row[k] = share.rows == nullptr ? o + k : share.rows[o + k];
      w[k] = static_cast<const T*>(share.w.data) + row[k] * share.w.stride;
    }
    float out[kOutputs][kInputs];
    DotTile<T>(w, x.even + first_vector, x.odd + first_vector, size, out);
    for (size_t k = 0; k < kOutputs; ++k) {
      for (size_t v = 0; v < kInputs; ++v)
        share.y.data[(first_vector + v) * share.y.stride + row[k]] = out[k][v];
    }
  }
  if constexpr (kOutputs > 1) {
    if (o < share.end)
      DotOutputs<T, 1, kInputs>({share.w, share.rows, o, share.end, share.y}, x, first_vector);
  }
}

// Tiles of at most eight accumulators: sixteen registers hold them beside weights and vectors.
template <class T>
void DotShareOf(const Share& share, const PreparedVectors& x) {
  // A block of rows that stays in the L1 cache while the vectors beyond the first four meet it.
  const int64_t block =
      x.count <= 4 ? share.end - share.begin : std::max<int64_t>(1, 8192 / (share.w.cols + 1));
  for (int64_t begin = share.begin; begin < share.end; begin += block) {
    const Share part{share.w, share.rows, begin, std::min(share.end, begin + block), share.y};
    for (int64_t v = 0; v < x.count;) {
      switch (std::min<int64_t>(4, x.count - v)) {
        case 1:
          DotOutputs<T, 4, 1>(part, x, v);
          v += 1;
          break;
        case 2:
          DotOutputs<T, 2, 2>(part, x, v);
          v += 2;
          break;
        case 3:
          DotOutputs<T, 1, 3>(part, x, v);
          v += 3;
          break;
        default:
          DotOutputs<T, 1, 4>(part, x, v);
          v += 4;
          break;
      }
    }
  }
}

void DotShare(const Share& share, const PreparedVectors& x) {
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

HWY_EXPORT(DotShare);

// Below this many bytes a thread's share is not worth waking it for.
constexpr int64_t kMinShareBytes = 64 * 1024;

// Splits even from odd elements into scratch that this thread keeps.
class Preparer {
 public:
  const PreparedVectors& For(ElementType type, const ConstVectors& x, int64_t size) {
    PreparedVectors& prepared = type == ElementType::kFloat32 ? whole_ : split_;
    if (prepared.count == 0) type == ElementType::kFloat32 ? Point(x) : Split(x, size);
    return prepared;
  }

 private:
  void Point(const ConstVectors& x) {
    whole_.count = x.count;
    for (int64_t v = 0; v < x.count; ++v) whole_.even[v] = whole_.odd[v] = x.data + v * x.stride;
  }
  void Split(const ConstVectors& x, int64_t size) {
    static thread_local std::vector<float> scratch;
    const int64_t half = (size + 1) / 2;
    if (static_cast<int64_t>(scratch.size()) < 2 * half * x.count) scratch.resize(2 * half * x.count);
    split_.count = x.count;
    for (int64_t v = 0; v < x.count; ++v) {
      const float* source = x.data + v * x.stride;
      float* even = scratch.data() + 2 * half * v;
      float* odd = even + half;
      for (int64_t i = 0; i < size / 2; ++i) {
        even[i] = source[2 * i];
        odd[i] = source[2 * i + 1];
      }
      if (size % 2 != 0) even[half - 1] = source[size - 1];
      split_.even[v] = even;
      split_.odd[v] = odd;
    }
  }
  PreparedVectors whole_, split_;
};

}  // namespace

void MatVec(std::span<const MatVecJob> jobs, const ConstVectors& x) {
  Preparer prepare;
  int64_t outputs = 0, bytes = 0;
  for (const MatVecJob& job : jobs) {
    prepare.For(job.w.type, x, job.w.cols);
    outputs += job.w.rows;
    bytes += job.w.rows * RowBytes(job.w);
  }
  if (outputs == 0) return;
  const int64_t grain = std::max<int64_t>(1, kMinShareBytes * outputs / std::max<int64_t>(1, bytes));
  const auto dot_share = HWY_DYNAMIC_DISPATCH(DotShare);
  ParallelFor(0, outputs, grain, [&](int64_t begin, int64_t end) {
    int64_t first = 0;  // of this job, among the outputs of all jobs
    for (const MatVecJob& job : jobs) {
      const int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, job.w.rows);
      if (from < to) dot_share({job.w, nullptr, from, to, job.y}, prepare.For(job.w.type, x, job.w.cols));
      first += job.w.rows;
    }
  });
}

void MatVecRows(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& x, const Vectors& y) {
  Preparer prepare;
  const PreparedVectors& prepared = prepare.For(w.type, x, w.cols);
  const int64_t grain = std::max<int64_t>(1, kMinShareBytes / std::max<int64_t>(1, RowBytes(w)));
  const auto dot_share = HWY_DYNAMIC_DISPATCH(DotShare);
  ParallelFor(0, std::ssize(rows), grain, [&](int64_t begin, int64_t end) {
    dot_share({w, rows.data(), begin, end, y}, prepared);
  });
}

}  // namespace plelab
#endif  // HWY_ONCE
