// Panels multiplied by the dot products of AVX-512 (VNNI for bytes, BF16 for bfloat16), on CPUs without
// matrix tiles.  For x86-64 only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/tiles/tile_operands.h"
#include "model/kernels/tiles/tile_panel.h"

namespace plelab::tiles {

struct Avx512Dots {
  struct Scope {
    Scope() {}  // not trivial, so that an object of it counts as used
  };

  // As Amx::AddPanels: the same panels, the same sums.
  template <Operands kOperands>
  static void AddPanels(const std::byte* left, const std::byte* right, int64_t steps, bool begins,
                        std::byte* sums) {
    for (int64_t row = 0; row < kPanel; row += kTogether) {
      AddRows<kOperands>(RowOf(left, row), right, steps, begins, SumsAt(sums, row, 0));
    }
  }

 private:
  // Rows of the left operand whose sums stay in registers: 16 sums hide the latency of the instruction.
  static constexpr int64_t kTogether = 8;

  template <Operands kOperands>
  PLELAB_TILE_TARGET static __m512i Add(__m512i sum, __m512i left, __m512i right) {
    if constexpr (kOperands == Operands::kBFloat16) {
      return _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), reinterpret_cast<__m512bh>(left),
                                                  reinterpret_cast<__m512bh>(right)));
    } else if constexpr (kOperands == Operands::kUnsignedSigned) {
      return _mm512_dpbusd_epi32(sum, left, right);
    } else {
      return _mm512_dpbusd_epi32(sum, right, left);
    }
  }

  template <Operands kOperands>
  PLELAB_TILE_TARGET static void AddRows(const std::byte* left, const std::byte* right, int64_t steps,
                                         bool begins, std::byte* sums) {
    __m512i sum[kTogether][2];
    for (int64_t m = 0; m < kTogether; ++m) {
      for (int64_t half = 0; half < 2; ++half) {
        const std::byte* from = sums + half * kTileBytes + m * kRowBytes;
        sum[m][half] = begins ? _mm512_setzero_si512() : _mm512_load_si512(from);
      }
    }
    for (int64_t s = 0; s < steps; ++s, left += kStepBytes, right += kStepBytes) {
      for (int64_t k = 0; k < kRows; ++k) {
        const __m512i first = _mm512_load_si512(right + k * kRowBytes),
                      last = _mm512_load_si512(right + kTileBytes + k * kRowBytes);
        for (int64_t m = 0; m < kTogether; ++m) {
          const __m512i same =
              _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(left + m * kRowBytes + 4 * k));
          sum[m][0] = Add<kOperands>(sum[m][0], same, first);
          sum[m][1] = Add<kOperands>(sum[m][1], same, last);
        }
      }
    }
    for (int64_t m = 0; m < kTogether; ++m) {
      for (int64_t half = 0; half < 2; ++half)
        _mm512_store_si512(sums + half * kTileBytes + m * kRowBytes, sum[m][half]);
    }
  }
};

}  // namespace plelab::tiles
