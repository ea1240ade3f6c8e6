#include "model/kernels/tiles/tile_product.h"

#include <algorithm>
#include <iterator>

#include "model/base/error.h"
#include "model/kernels/parallel.h"
#include "model/kernels/tiles/pair_product.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "model/kernels/products/kept_scratch.h"
#include "model/kernels/tiles/tile_amx.h"
#include "model/kernels/tiles/tile_bfloat16.h"
#include "model/kernels/tiles/tile_dots.h"
#include "model/kernels/tiles/tile_int8.h"
#include "model/kernels/tiles/tile_weights_int4.h"
#include "model/kernels/tiles/tile_weights_int8.h"
#endif

namespace plelab {
namespace {

#if !defined(__x86_64__)

bool CpuHasTiles(TileInstructions, ElementType) { return false; }
void ProductByTiles(TileInstructions, const MatrixView&, bool, const ConstRows&, float*, int64_t) {}

#else

using tiles::kPanel, tiles::kRows, tiles::kStepBytes, tiles::kSumBytes;

// Weights are packed so many steps at a time: 2 KiB in one piece of each row, so that the CPU's prefetchers
// follow, and 64 KiB of a panel, which stay in the L2 cache.
constexpr int64_t kPackedSteps = 32;
// They are multiplied in blocks of so many steps: 16 KiB of a panel, which stay in the L1 cache while they
// meet all vectors.
constexpr int64_t kBlockSteps = 8;
// So many panels of outputs share a block of the vectors, which then comes from further away once for all of
// them: at most 256 KiB of packed weights and, with up to 2,048 vectors, 256 KiB of sums.
constexpr int64_t kMostPanels = 4;
constexpr int64_t kMostSums = 64;  // products of two panels

template <class Format, class Instructions>
class Product {
 public:
  Product(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride)
      : format_(w, transposed, x),
        transposed_(transposed),
        steps_(CeilOf(transposed ? w.rows : w.cols, Format::kDepth)),
        outputs_(transposed ? w.cols : w.rows),
        vectors_(x.count),
        vector_panels_(CeilOf(x.count, kPanel)),
        y_(y),
        y_stride_(y_stride) {}

  void Run() {
    static thread_local KeptScratch scratch;
    std::byte* packed = scratch.AtLeast(vector_panels_ * steps_ * kStepBytes);
    packed_ = packed;
    ParallelPieces(0, CeilOf(vectors_, kRows), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) PackVectors(i * kRows, packed);
    });
    ParallelPieces(0, CeilOf(outputs_, kPanel), 1, [&](int64_t begin, int64_t end) {
      const typename Instructions::Scope scope;
      const int64_t together = std::clamp<int64_t>(kMostSums / vector_panels_, 1, kMostPanels);
      for (int64_t first = begin; first < end; first += together) {
        Multiply(first, std::min(together, end - first));
      }
    });
  }

 private:
  int64_t StepsFrom(int64_t step) const { return std::min(kBlockSteps, steps_ - step); }
  // Blocks of vectors follow each other as they are used: all panels of one block of inputs, then the next.
  int64_t BlockAt(int64_t step, int64_t panel) const {
    return (step * vector_panels_ + panel * StepsFrom(step)) * kStepBytes;
  }

  // 16 vectors from `first` on, as far as there are.  What the other rows of their tiles hold has no use.
  PLELAB_TILE_TARGET void PackVectors(int64_t first, std::byte* packed) {
    const int64_t count = std::min(kRows, vectors_ - first);
    for (int64_t t = 0; t < count; ++t) format_.PrepareVector(first + t);
    __m512i rows[kRows] = {};
    for (int64_t s = 0; s < steps_; ++s) {
      for (int64_t t = 0; t < count; ++t) rows[t] = format_.StepOf(first + t, s);
      if (!transposed_) tiles::Transpose(rows);
      const int64_t block = s / kBlockSteps * kBlockSteps;
      std::byte* step = packed + BlockAt(block, first / kPanel) + (s - block) * kStepBytes;
      for (int64_t t = 0; t < kRows; ++t) _mm512_store_si512(tiles::RowOf(step, first % kPanel + t), rows[t]);
    }
  }

  // Panels [first, first + count) of outputs for all vectors.
  void Multiply(int64_t first, int64_t count) {
    static thread_local KeptScratch weight_scratch, sum_scratch;
    std::byte* weights = weight_scratch.AtLeast(count * kPackedSteps * kStepBytes);
    std::byte* sums = sum_scratch.AtLeast(count * vector_panels_ * kSumBytes);
    for (int64_t p = 0; p < count; ++p) format_.PrepareOutputs((first + p) * kPanel);
    for (int64_t step = 0; step < steps_; step += kPackedSteps) {
      const int64_t end = std::min(step + kPackedSteps, steps_);
      const auto panel = [&](int64_t p) { return weights + p * (end - step) * kStepBytes; };
      for (int64_t p = 0; p < count; ++p)
        format_.PackWeights((first + p) * kPanel, step, end - step, panel(p));
      for (int64_t s = step; s < end; s += kBlockSteps) {
        for (int64_t p = 0; p < count; ++p) {
          AddBlock(panel(p) + (s - step) * kStepBytes, s, sums + p * vector_panels_ * kSumBytes);
        }
      }
    }
    // The outputs of one vector lie together: 16 vectors at a time, so that few pages are written at once.
    for (int64_t v = 0; v < vectors_; v += kRows) {
      for (int64_t p = 0; p < count; ++p)
        Write(sums + (p * vector_panels_ + v / kPanel) * kSumBytes, (first + p) * kPanel, v);
    }
  }

  // One block of a panel of weights with the same of all vectors.
  void AddBlock(const std::byte* weights, int64_t step, std::byte* sums) const {
    for (int64_t v = 0; v < vector_panels_; ++v, sums += kSumBytes) {
      const std::byte* some = packed_ + BlockAt(step, v);
      if (transposed_) {
        Instructions::template AddPanels<Format::kWeightsRight>(some, weights, StepsFrom(step), step == 0,
                                                                sums);
      } else {
        Instructions::template AddPanels<Format::kWeightsLeft>(weights, some, StepsFrom(step), step == 0,
                                                               sums);
      }
    }
  }

  // The outputs from `output` on of up to 16 vectors from `vector` on.
  PLELAB_TILE_TARGET void Write(const std::byte* sums, int64_t output, int64_t vector) const {
    const int64_t column = vector % kPanel;
    for (int64_t o = 0; o < std::min(kPanel, outputs_ - output); o += kRows) {
      const auto wanted = static_cast<__mmask16>(tiles::Below(outputs_ - output - o));
      const __m512 scales = format_.OutputScales(output + o, wanted);
      __m512i rows[kRows];
      for (int64_t i = 0; i < kRows; ++i) {
        rows[i] = _mm512_load_si512(transposed_ ? tiles::SumsAt(sums, column + i, o)
                                                : tiles::SumsAt(sums, o + i, column));
      }
      if (!transposed_) tiles::Transpose(rows);
      for (int64_t t = 0; t < std::min(kRows, vectors_ - vector); ++t) {
        _mm512_mask_storeu_ps(y_ + (vector + t) * y_stride_ + output + o, wanted,
                              format_.Values(rows[t], scales, vector + t));
      }
    }
  }

  Format format_;
  const bool transposed_;
  const int64_t steps_, outputs_, vectors_, vector_panels_;
  float* const y_;
  const int64_t y_stride_;
  const std::byte* packed_ = nullptr;
};

template <class Instructions>
void ProductBy(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride) {
  switch (w.type) {
    case ElementType::kBFloat16:
      return Product<tiles::BFloat16Tiles, Instructions>(w, transposed, x, y, y_stride).Run();
    case ElementType::kInt8:
      return Product<tiles::Int8Tiles<tiles::Int8Weights>, Instructions>(w, transposed, x, y, y_stride).Run();
    case ElementType::kInt4:
      return Product<tiles::Int8Tiles<tiles::Int4Weights>, Instructions>(w, transposed, x, y, y_stride).Run();
    default:
      throw RunError("a product of tiles takes bfloat16, int8 or int4 weights");
  }
}

constexpr unsigned long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM

// What packs panels and writes sums, which all instructions share, and VNNI.
bool CpuPacksTiles() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vnni");
}

bool CpuHasAmx() {
  // __builtin_cpu_supports does not know AMX in GCC 12.
  static const bool has = [] {
    unsigned a = 7, b = 0, c = 0, d = 0;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    constexpr unsigned kBFloat16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25,
                       kAll = kBFloat16 | kTile | kInt8;
    return (d & kAll) == kAll && ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

bool CpuHasTiles(TileInstructions by, ElementType weights) {
  if (weights == ElementType::kFloat32 || !CpuPacksTiles()) return false;
  // Vectors are narrowed by AVX-512's own instruction.
  if (weights == ElementType::kBFloat16 && !__builtin_cpu_supports("avx512bf16")) return false;
  return by == TileInstructions::kAvx512 || CpuHasAmx();
}

void ProductByTiles(TileInstructions by, const MatrixView& w, bool transposed, const ConstRows& x, float* y,
                    int64_t y_stride) {
  by == TileInstructions::kAmx ? ProductBy<tiles::Amx>(w, transposed, x, y, y_stride)
                               : ProductBy<tiles::Avx512Dots>(w, transposed, x, y, y_stride);
}

#endif

constexpr TileInstructions kBestFirst[] = {TileInstructions::kAmx, TileInstructions::kAvx512,
                                           TileInstructions::kPairs};

}  // namespace

bool CpuMultipliesTiles(TileInstructions by, ElementType weights) {
  if (by == TileInstructions::kPairs) return IsQuantised(weights) && CpuMultipliesPairs();
  return CpuHasTiles(by, weights);
}

bool CpuMultipliesTiles(ElementType weights) {
  return std::ranges::any_of(kBestFirst, [&](auto by) { return CpuMultipliesTiles(by, weights); });
}

void TileProductBy(TileInstructions by, const MatrixView& w, bool transposed, const ConstRows& x, float* y,
                   int64_t y_stride) {
  if (!CpuMultipliesTiles(by, w.type)) throw RunError("this CPU cannot multiply tiles of these weights");
  if (x.count == 0) return;
  by == TileInstructions::kPairs ? PairProduct(w, transposed, x, y, y_stride)
                                 : ProductByTiles(by, w, transposed, x, y, y_stride);
}

void TileProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride) {
  const auto* best =
      std::ranges::find_if(kBestFirst, [&](auto by) { return CpuMultipliesTiles(by, w.type); });
  if (best == std::end(kBestFirst)) throw RunError("this CPU cannot multiply tiles of these weights");
  TileProductBy(*best, w, transposed, x, y, y_stride);
}

}  // namespace plelab
