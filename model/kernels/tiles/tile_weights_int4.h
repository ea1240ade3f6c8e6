// int4 weights as bytes of panels (see tile_panel.h).  For x86-64 only.
//
// They become int8 codes with one scale for each stored row, 1/15 of the row's largest one: a code is
// round((nibble − 8) · step), where step is the group's scale in units of the row's, rounded to 1/2048.  That
// is exact in groups that have the largest scale, in others to half a step of 1/120 of what the row can hold
// (and 1/500 of such a step more).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/kernels/matrix.h"
#include "model/kernels/tiles/tile_panel.h"

namespace plelab::tiles {

class Int4Weights {
 public:
  explicit Int4Weights(const MatrixView& w)
      : w_(w),
        groups_((w.cols + w.group - 1) / w.group),
        block_bits_(std::countr_zero(static_cast<uint64_t>(w.group / kNibbleBlock))),
        unit_by_(static_cast<size_t>(w.rows)) {}

  // Must come before a row is packed.  The scale of its codes.
  PLELAB_TILE_TARGET float PrepareRow(int64_t row) {
    __m512 largest = _mm512_setzero_ps(), poison = largest;  // NaN when a scale is not finite
    for (int64_t g = 0; g < groups_; g += 16) {
      const auto wanted = static_cast<__mmask16>(Below(groups_ - g));
      const __m512 some = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(wanted, Scales(row) + g));
      largest = _mm512_max_ps(largest, _mm512_abs_ps(some));
      poison = _mm512_add_ps(poison, _mm512_sub_ps(some, some));
    }
    const float scale = (_mm512_reduce_max_ps(largest) + _mm512_reduce_add_ps(poison)) / kStepsOfLargest;
    unit_by_[row] = scale > 0 ? kStepUnits / scale : 0;
    return scale;
  }

  // Of w [outputs, inputs]: `steps` steps of rows [first, first + 32).
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    constexpr int64_t kValues = 2 * kRowBytes;  // of two steps
    const int64_t begin = step * kRowBytes, end = std::min((step + steps) * kRowBytes, w_.cols);
    for (int64_t row = 0; row < kPanel; ++row) {
      const int64_t stored = std::min(first + row, w_.rows - 1);  // what is beyond the last row has no use
      std::array<uint16_t, 16> step_units;                        // of the next 16 blocks
      for (int64_t at = begin; at < end; at += kValues) {
        const int64_t block = (at - begin) / kNibbleBlock % 16;
        if (block == 0) StepUnits(stored, at / kNibbleBlock, step_units);
        PrefetchRow(w_, first + row + kRowsAhead, at, kValues);
        const __m512i nibbles = _mm512_maskz_loadu_epi8(Below((w_.cols - at) / 2), At(stored, at));
        const Halves codes = CodesOf(nibbles, FourSteps(step_units.data() + block));
        std::byte* packed = RowOf(to + (at - begin) / kRowBytes * kStepBytes, row);
        _mm512_store_si512(packed, _mm512_permutex2var_epi64(codes.lower, FirstBlocks(), codes.upper));
        if (at + kRowBytes >= (step + steps) * kRowBytes) break;
        _mm512_store_si512(packed + kStepBytes,
                           _mm512_permutex2var_epi64(codes.lower, LastBlocks(), codes.upper));
      }
    }
  }

  // Of w [inputs, outputs]: row k of a tile has inputs 4 k … 4 k + 3 of 16 outputs.  A panel of outputs is
  // one block of every row: its first tile has the lower nibbles, its last one the upper ones.
  PLELAB_TILE_TARGET void PackColumns(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    const int64_t group = first / w_.group;
    for (int64_t s = 0; s < steps; ++s, to += kStepBytes) {
      std::array<uint16_t, kRowBytes> step_units;  // of the rows that are the inputs of this step
      StepUnitsOfRows((step + s) * kRowBytes, group, step_units);
      for (int64_t k = 0; k < kRows; ++k) {
        const int64_t input = (step + s) * kRowBytes + 4 * k;
        const auto nibbles = [&](int64_t row) PLELAB_TILE_TARGET {
          PrefetchRow(w_, row, first + kPanel, kPanel);
          return _mm_loadu_si128(reinterpret_cast<const __m128i*>(At(std::min(row, w_.rows - 1), first)));
        };
        const __m512i four =
            FourOf(nibbles(input), nibbles(input + 1), nibbles(input + 2), nibbles(input + 3));
        const Halves codes = CodesOf(four, FourSteps(step_units.data() + 4 * k));
        _mm512_store_si512(RowOf(to, k), Interleaved(codes.lower));
        _mm512_store_si512(RowOf(to, k + kRows), Interleaved(codes.upper));
      }
    }
  }

 private:
  static constexpr float kStepsOfLargest = 15;  // int8 codes for a step of int4 codes of the largest scale
  static constexpr float kStepUnits = 2048;     // 15 · 2048 < 2^15

  // Codes plus 128 of four times 16 lower nibbles and of the same upper ones.
  struct Halves {
    __m512i lower, upper;
  };

  const std::byte* At(int64_t row, int64_t column) const {
    return static_cast<const std::byte*>(RowData(w_, row)) + column / 2;
  }
  const uint16_t* Scales(int64_t row) const { return static_cast<const uint16_t*>(RowScales(w_, row)); }

  // Steps in units of 1/2048 from scales.
  PLELAB_TILE_TARGET static __m256i UnitsOf(__m512 scales, __m512 by) {
    return _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(scales, by)));
  }
  // Of 16 blocks of a row from `block` on, a multiple of 16 or of the blocks of a group.
  PLELAB_TILE_TARGET void StepUnits(int64_t row, int64_t block, std::array<uint16_t, 16>& units) const {
    const int64_t group = block >> block_bits_;
    const auto wanted = static_cast<__mmask16>(Below(groups_ - group));
    const __m512 scales = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(wanted, Scales(row) + group));
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i group_of_lane = _mm512_srl_epi32(lanes, _mm_cvtsi32_si128(block_bits_));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(units.data()),
                        UnitsOf(_mm512_permutexvar_ps(group_of_lane, scales), _mm512_set1_ps(unit_by_[row])));
  }
  // Of one group of each of 64 rows from `row` on; 0 for rows that there are not.
  PLELAB_TILE_TARGET void StepUnitsOfRows(int64_t row, int64_t group,
                                          std::array<uint16_t, kRowBytes>& units) const {
    for (int64_t i = 0; i < kRowBytes; ++i) units[i] = row + i < w_.rows ? Scales(row + i)[group] : 0;
    for (int64_t i = 0; i < kRowBytes; i += 16) {
      auto* some = reinterpret_cast<__m256i*>(units.data() + i);
      const auto wanted = static_cast<__mmask16>(Below(w_.rows - row - i));
      const __m512 by = _mm512_maskz_loadu_ps(wanted, unit_by_.data() + std::min(row + i, w_.rows));
      _mm256_storeu_si256(some, UnitsOf(_mm512_cvtph_ps(_mm256_loadu_si256(some)), by));
    }
  }

  // Each of four steps eight times.
  PLELAB_TILE_TARGET static __m512i FourSteps(const uint16_t* units) {
    int64_t four;
    __builtin_memcpy(&four, units, sizeof(four));
    const __m512i each = _mm512_set_epi32(
        0x07060706, 0x07060706, 0x07060706, 0x07060706, 0x05040504, 0x05040504, 0x05040504, 0x05040504,
        0x03020302, 0x03020302, 0x03020302, 0x03020302, 0x01000100, 0x01000100, 0x01000100, 0x01000100);
    return _mm512_shuffle_epi8(_mm512_set1_epi64(four), each);
  }

  // Multiplies 16-bit numbers with 4 fractional bits by steps with 11.
  PLELAB_TILE_TARGET static Halves CodesOf(__m512i nibbles, __m512i steps) {
    const __m512i shifted = _mm512_slli_epi16(nibbles, 4);
    return {Rounded(shifted, _mm512_srli_epi16(nibbles, 4), steps),
            Rounded(nibbles, _mm512_srli_epi16(nibbles, 8), steps)};
  }
  // Of nibbles in the bits 4 to 7 of every even and of every odd byte's 16-bit number.
  PLELAB_TILE_TARGET static __m512i Rounded(__m512i even, __m512i odd, __m512i steps) {
    const __m512i bits = _mm512_set1_epi16(0xF0), eight = _mm512_set1_epi16(8 << 4);
    const auto codes = [&](__m512i some) PLELAB_TILE_TARGET {
      return _mm512_mulhrs_epi16(_mm512_sub_epi16(_mm512_and_si512(some, bits), eight), steps);
    };
    const __m512i both =
        _mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAA, codes(even), _mm512_slli_epi16(codes(odd), 8));
    return _mm512_xor_si512(both, _mm512_set1_epi8(-128));
  }

  // The first two and the last two of four blocks, from their lower and their upper nibbles.
  PLELAB_TILE_TARGET static __m512i FirstBlocks() { return _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11); }
  PLELAB_TILE_TARGET static __m512i LastBlocks() { return _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15); }

  MatrixView w_;
  int64_t groups_;
  int block_bits_;              // a group is 2^block_bits_ blocks
  std::vector<float> unit_by_;  // of each row: what its scales are multiplied by
};

}  // namespace plelab::tiles
