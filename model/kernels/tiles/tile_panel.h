// Panels: operands of a product of tiles as its inner loop reads them.  For x86-64 only.
//
// A panel is 32 outputs or 32 vectors.  For each step (the inputs that one row of a tile holds: 32 bfloat16
// or 64 int8) it has two tiles, that of the first 16 and that of the last 16, each 1 KiB in one piece: rows
// a power of two bytes apart would all meet in one set of the cache.  The left operand of a product has rows
// in its tiles (row m: a step of inputs of output or vector m), the right one columns (row k: 4 bytes of
// inputs for each of 16 vectors or outputs).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

// GCC's header leaves registers undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "model/kernels/matrix.h"

// A function is inlined only into one that may use as much, so all may use BF16, too, which compilers do not
// emit by themselves: CpuMultipliesTiles asks for it where bfloat16 is multiplied, and always for the others.
#define PLELAB_TILE_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,avx512bf16")))

namespace plelab::tiles {

// A tile is 16 rows of 64 bytes: 16 × 32 bfloat16, 16 × 64 int8, or 16 × 16 float32 or int32.
inline constexpr int64_t kRows = 16, kRowBytes = 64;
inline constexpr int64_t kPanel = 2 * kRows;
inline constexpr int64_t kTileBytes = kRows * kRowBytes;
inline constexpr int64_t kLineBytes = 64;              // of the cache
inline constexpr int64_t kStepBytes = 2 * kTileBytes;  // of a panel

// Where row `row` (0 … 31) of a step lies.
template <class Byte>
Byte* RowOf(Byte* step, int64_t row) {
  return step + row / kRows * kTileBytes + row % kRows * kRowBytes;
}

// The lowest `count` bits, from none to all.
inline uint64_t Below(int64_t count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << std::max<int64_t>(count, 0)) - 1;
}

// Asks for `count` values of a stored row from `column` on, before they are needed.  They may be beyond its
// end.
inline void PrefetchRow(const MatrixView& w, int64_t row, int64_t column, int64_t count) {
  const auto* from = static_cast<const char*>(RowData(w, row)) + ElementBytes(w.type, column);
  for (int64_t at = 0; at < ElementBytes(w.type, count); at += kLineBytes)
    __builtin_prefetch(from + at, 0, 2);
}

// While a row is packed, that so many rows further on is asked for: the CPU's own prefetchers miss the first
// lines of each row.
inline constexpr int64_t kRowsAhead = 4;

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

PLELAB_TILE_TARGET inline __m512i FourOf(__m128i a, __m128i b, __m128i c, __m128i d) {
  const __m512i two = _mm512_inserti32x4(_mm512_castsi128_si512(a), b, 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(two, c, 2), d, 3);
}
// The bytes of four rows of 16 (one after another) as fours, one for each column.
PLELAB_TILE_TARGET inline __m512i Interleaved(__m512i rows) {
  const __m512i fours = _mm512_set_epi32(
      0x3f2f1f0f, 0x3e2e1e0e, 0x3d2d1d0d, 0x3c2c1c0c, 0x3b2b1b0b, 0x3a2a1a0a, 0x39291909, 0x38281808,
      0x37271707, 0x36261606, 0x35251505, 0x34241404, 0x33231303, 0x32221202, 0x31211101, 0x30201000);
  return _mm512_permutexvar_epi8(fours, rows);
}

// The product of two panels: 32 × 32 elements of 32 bits, in four tiles for its quarters.
inline constexpr int64_t kSumBytes = 4 * kTileBytes;
template <class Byte>
Byte* SumsAt(Byte* sums, int64_t row, int64_t column) {
  return sums + (row / kRows * 2 + column / kRows) * kTileBytes + row % kRows * kRowBytes;
}

// What a format is to the product (a template parameter of it, `Format`).  It is made once per product and
// then used by several threads.
//   kDepth: inputs of one step.
//   kWeightsLeft, kWeightsRight: the operands when weights are the left or the right one.
//   Format(w, transposed, x), as for TileProduct.
//   PrepareVector(vector): comes before StepOf of it.
//   StepOf(vector, step): one step of a vector, a row of a tile; inputs that there are not are zero.
//   PrepareOutputs(first): comes before what follows of outputs [first, first + 32).
//   PackWeights(first, step, steps, to): `steps` steps of outputs [first, first + 32).  What is beyond the
//   last input or output may be any finite number.
//   OutputScales(first, wanted): what Values needs of 16 outputs.
//   Values(sums, scales, vector): of 16 outputs of one vector.

}  // namespace plelab::tiles
