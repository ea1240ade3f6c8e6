#include "model/kernels/products/tile_product.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>

#include "model/kernels/parallel.h"

#if defined(__x86_64__)
// GCC's header leaves registers undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/kernels/products/tile_instructions.h"
#endif

namespace plelab {

#if !defined(__x86_64__)

bool CpuHasTiles() { return false; }
void TileProduct(const MatrixView&, bool, const ConstRows&, float*, int64_t) {
  throw RunError("this CPU has no matrix tiles");
}

#else

namespace {

#define PLELAB_TILE_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,f16c,lzcnt,bmi")))

using tiles::kDepth;
constexpr int64_t kPanel = 2 * tiles::kRows;  // outputs, and vectors, that go together: two tiles of each

int64_t RoundUp(int64_t size, int64_t to) { return (size + to - 1) / to * to; }

// Uninitialised bfloat16 bits, aligned to a row of a tile.
class Scratch {
 public:
  explicit Scratch(int64_t elements)
      : bits_(static_cast<uint16_t*>(
            ::operator new(static_cast<size_t>(elements) * sizeof(uint16_t), kAlignment))) {}
  uint16_t* data() const { return bits_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{tiles::kRowBytes};
  struct Free {
    void operator()(uint16_t* bits) const { ::operator delete(bits, kAlignment); }
  };
  std::unique_ptr<uint16_t, Free> bits_;
};

// Transposes 16 × 16 elements of 32 bits, in registers.
PLELAB_TILE_TARGET inline void Transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// 32 floats as bfloat16; what lies beyond `count` is zero.
PLELAB_TILE_TARGET inline __m512i Narrowed(const float* from, int64_t count) {
  const auto below = [count](int64_t first) {
    return static_cast<__mmask16>((1u << std::clamp<int64_t>(count - first, 0, 16)) - 1u);
  };
  const __m512 low = _mm512_maskz_loadu_ps(below(0), from),
               high = _mm512_maskz_loadu_ps(below(16), from + 16);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// A panel is packed tile by tile, each 1 KiB in one piece: for each 32 inputs the tile of the first 16 rows
// or columns and that of the last 16.  Rows of a power of two bytes apart would all meet in one set of the
// cache.
constexpr int64_t kTile = tiles::kRows * kDepth;

// Where row `row` of a panel's tiles for inputs [i, i + 32) lies.
inline int64_t RowAt(int64_t row, int64_t i) {
  return i / kDepth * 2 * kTile + row / tiles::kRows * kTile + row % tiles::kRows * kDepth;
}

// Vectors [first, first + 32) as rows; missing ones are zero.
PLELAB_TILE_TARGET void PackRows(const ConstRows& x, int64_t inputs, int64_t first, int64_t depth,
                                 uint16_t* to) {
  for (int64_t t = 0; t < kPanel; ++t) {
    const float* from = x.data + (first + t) * x.stride;
    for (int64_t i = 0; i < depth; i += kDepth) {
      const int64_t count = first + t < x.count ? inputs - i : 0;
      _mm512_store_si512(to + RowAt(t, i), Narrowed(from + i, count));
    }
  }
}

// The same as columns: row k of a tile has inputs 2 k and 2 k + 1 of 16 vectors.
PLELAB_TILE_TARGET void PackColumns(const ConstRows& x, int64_t inputs, int64_t first, int64_t depth,
                                    uint16_t* to) {
  for (int64_t i = 0; i < depth; i += kDepth) {
    for (int64_t half = 0; half < kPanel; half += tiles::kRows) {
      __m512i rows[16];
      for (int64_t t = 0; t < tiles::kRows; ++t) {
        const int64_t vector = first + half + t;
        rows[t] = Narrowed(x.data + vector * x.stride + i, vector < x.count ? inputs - i : 0);
      }
      Transpose(rows);
      for (const __m512i& row : rows) {
        _mm512_store_si512(to, row);
        to += kDepth;
      }
    }
  }
}

// Columns [column, column + count) of a stored row, of which there are up to 32; the others are zero.
PLELAB_TILE_TARGET inline __m512i BlockOf(const MatrixView& w, int64_t row, int64_t column, int64_t count) {
  const auto wanted = static_cast<__mmask32>((uint64_t{1} << std::min(count, kDepth)) - 1);
  const auto* from = static_cast<const uint8_t*>(RowData(w, row)) + ElementBytes(w.type, column);
  __m512 low, high;
  switch (w.type) {
    case ElementType::kBFloat16:
      return _mm512_maskz_loadu_epi16(wanted, from);
    case ElementType::kInt8: {
      const __m256i codes = _mm256_maskz_loadu_epi8(wanted, from);
      low = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_castsi256_si128(codes)));
      high = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_extracti128_si256(codes, 1)));
      const __m512 scale = _mm512_set1_ps(*static_cast<const float*>(RowScales(w, row)));
      low = _mm512_mul_ps(low, scale);
      high = _mm512_mul_ps(high, scale);
      break;
    }
    case ElementType::kInt4: {
      const __m512 values = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
      const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
      const auto* scales = static_cast<const uint16_t*>(RowScales(w, row));
      const __m512 scale =
          _mm512_set1_ps(_cvtsh_ss(scales[column >> std::countr_zero(static_cast<uint64_t>(w.group))]));
      // A lookup looks at the lowest four bits only.
      low = _mm512_mul_ps(_mm512_permutexvar_ps(bytes, values), scale);
      high = _mm512_mul_ps(_mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), values), scale);
      break;
    }
    default:
      throw RunError("a product of tiles takes bfloat16, int8 or int4 weights");
  }
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// Stored rows [first, first + 32) of w [outputs, inputs], as PackRows lays out vectors.  One cache line of
// each row after the other, so that both what is read and what is written stay in the L1 cache.
PLELAB_TILE_TARGET void PackWeightRows(const MatrixView& w, int64_t first, int64_t depth, uint16_t* to) {
  const int64_t count = std::min(kPanel, w.rows - first);
  const int64_t in_line = tiles::kRowBytes * kDepth / ElementBytes(w.type, kDepth);
  for (int64_t line = 0; line < depth; line += in_line) {
    const int64_t end = std::min(line + in_line, depth);
    for (int64_t row = 0; row < kPanel; ++row) {
      for (int64_t i = line; i < end; i += kDepth) {
        _mm512_store_si512(to + RowAt(row, i),
                           row < count ? BlockOf(w, first + row, i, w.cols - i) : _mm512_setzero_si512());
      }
    }
  }
}

// Columns [first, first + 32) of w [inputs, outputs], as PackColumns lays out vectors.
PLELAB_TILE_TARGET void PackWeightColumns(const MatrixView& w, int64_t first, int64_t depth, uint16_t* to) {
  alignas(64) uint16_t order[2][32];  // pairs of inputs of the first and the last 16 outputs
  for (int i = 0; i < 32; ++i) {
    order[0][i] = static_cast<uint16_t>(i / 2 + i % 2 * 32);
    order[1][i] = static_cast<uint16_t>(order[0][i] + 16);
  }
  const __m512i first_half = _mm512_load_si512(order[0]), last_half = _mm512_load_si512(order[1]);
  const auto row_or_zero = [&](int64_t row) PLELAB_TILE_TARGET {
    return row < w.rows ? BlockOf(w, row, first, w.cols - first) : _mm512_setzero_si512();
  };
  for (int64_t i = 0; i < depth; i += 2) {
    const __m512i even = row_or_zero(i), odd = row_or_zero(i + 1);
    uint16_t* row = to + RowAt(i % kDepth / 2, i);
    _mm512_store_si512(row, _mm512_permutex2var_epi16(even, first_half, odd));
    _mm512_store_si512(row + kTile, _mm512_permutex2var_epi16(even, last_half, odd));
  }
}

// sums [32 rows of a][32 columns of b], float32.
void MultiplyPanels(const uint16_t* a, const uint16_t* b, int64_t depth, float* sums) {
  tiles::Zero<0>();
  tiles::Zero<1>();
  tiles::Zero<2>();
  tiles::Zero<3>();
  for (int64_t k = 0; k < depth; k += kDepth, a += 2 * kTile, b += 2 * kTile) {
    tiles::Load<4>(a, tiles::kRowBytes);
    tiles::Load<6>(b, tiles::kRowBytes);
    tiles::AddProduct<0, 4, 6>();
    tiles::Load<7>(b + kTile, tiles::kRowBytes);
    tiles::AddProduct<1, 4, 7>();
    tiles::Load<5>(a + kTile, tiles::kRowBytes);
    tiles::AddProduct<2, 5, 6>();
    tiles::AddProduct<3, 5, 7>();
  }
  constexpr int64_t kSumStride = kPanel * 4;
  tiles::Store<0>(sums, kSumStride);
  tiles::Store<1>(sums + tiles::kRows, kSumStride);
  tiles::Store<2>(sums + tiles::kRows * kPanel, kSumStride);
  tiles::Store<3>(sums + tiles::kRows * kPanel + tiles::kRows, kSumStride);
}

// The outputs of one panel.
struct Target {
  float* y;
  int64_t stride, outputs, vectors;  // outputs and vectors that there are, up to kPanel
};

// sums [vector][output].
void WriteRows(const float* sums, const Target& to) {
  for (int64_t t = 0; t < to.vectors; ++t) std::copy_n(sums + t * kPanel, to.outputs, to.y + t * to.stride);
}

// sums [output][vector].
PLELAB_TILE_TARGET void WriteTransposed(const float* sums, const Target& to) {
  for (int64_t o = 0; o < to.outputs; o += 16) {
    const auto wanted = static_cast<__mmask16>((1u << std::min<int64_t>(16, to.outputs - o)) - 1u);
    for (int64_t t = 0; t < to.vectors; t += 16) {
      __m512i rows[16];
      for (int64_t i = 0; i < 16; ++i) rows[i] = _mm512_load_si512(sums + (o + i) * kPanel + t);
      Transpose(rows);
      for (int64_t i = 0; i < std::min<int64_t>(16, to.vectors - t); ++i) {
        _mm512_mask_storeu_epi32(to.y + (t + i) * to.stride + o, wanted, rows[i]);
      }
    }
  }
}

constexpr unsigned long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM

}  // namespace

bool CpuHasTiles() {
  // __builtin_cpu_supports does not know AMX in GCC 12.
  static const bool has = [] {
    unsigned a = 7, b = 0, c = 0, d = 0;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    const bool has_tiles = (d >> 22 & 1) != 0 && (d >> 24 & 1) != 0;  // AMX-BF16, AMX-TILE
    return has_tiles && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

void TileProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride) {
  const int64_t inputs = transposed ? w.rows : w.cols, outputs = transposed ? w.cols : w.rows;
  const int64_t depth = RoundUp(inputs, kDepth), vectors = RoundUp(x.count, kPanel),
                panel_size = kPanel * depth;
  const Scratch packed(vectors * depth);
  ParallelPieces(0, vectors / kPanel, 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel) {
      uint16_t* to = packed.data() + panel * panel_size;
      transposed ? PackRows(x, inputs, panel * kPanel, depth, to)
                 : PackColumns(x, inputs, panel * kPanel, depth, to);
    }
  });
  ParallelPieces(0, (outputs + kPanel - 1) / kPanel, 1, [&](int64_t begin, int64_t end) {
    const tiles::Configured configured;
    const Scratch weights(panel_size);
    alignas(64) float sums[kPanel * kPanel];
    for (int64_t first = begin * kPanel; first < std::min(end * kPanel, outputs); first += kPanel) {
      const int64_t count = std::min(kPanel, outputs - first);
      transposed ? PackWeightColumns(w, first, depth, weights.data())
                 : PackWeightRows(w, first, depth, weights.data());
      for (int64_t t = 0; t < x.count; t += kPanel) {
        const uint16_t* some = packed.data() + t * depth;
        const Target to{y + t * y_stride + first, y_stride, count, std::min(kPanel, x.count - t)};
        if (transposed) {
          MultiplyPanels(some, weights.data(), depth, sums);
          WriteRows(sums, to);
        } else {
          MultiplyPanels(weights.data(), some, depth, sums);
          WriteTransposed(sums, to);
        }
      }
    }
  });
}

#endif

}  // namespace plelab
