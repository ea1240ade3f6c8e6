// Panels multiplied by Intel AMX.  Its instructions are written as assembly, because GCC before 14 forgets
// that they read and write memory (GCC bug 114098).  For x86-64 only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/kernels/tiles/tile_operands.h"
#include "model/kernels/tiles/tile_panel.h"

namespace plelab::tiles {

// Which tiles there are and how large they are: the layout that the instruction reads.
struct alignas(64) Configuration {
  uint8_t palette = 0, start_row = 0;
  std::array<uint8_t, 14> reserved = {};
  std::array<uint16_t, 16> row_bytes = {};
  std::array<uint8_t, 16> rows = {};
};
static_assert(sizeof(Configuration) == 64);

// Configures eight whole tiles for one scope and then restores what was there: other libraries keep their own
// configuration from call to call.
class Configured {
 public:
  Configured() {
    asm volatile("sttilecfg %0" : "=m"(before_));
    Configuration whole{.palette = 1};
    for (size_t i = 0; i < 8; ++i) whole.row_bytes[i] = kRowBytes, whole.rows[i] = kRows;
    asm volatile("ldtilecfg %0" : : "m"(whole));
  }
  ~Configured() { asm volatile("ldtilecfg %0" : : "m"(before_)); }
  Configured(const Configured&) = delete;
  Configured& operator=(const Configured&) = delete;

 private:
  Configuration before_;
};

template <int kTile>
inline void Zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
template <int kTile>
inline void Load(const void* from, int64_t stride_bytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride_bytes), "i"(kTile) : "memory");
}
template <int kTile>
inline void Store(void* to, int64_t stride_bytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride_bytes), "i"(kTile) : "memory");
}
// Adds the product of two tiles.  bfloat16: kSum[m][n] += Σ_k kLeft[m][k] · kRight[k / 2][2 n + k % 2].
// Bytes: kSum[m][n] += Σ_k kLeft[m][k] · kRight[k / 4][4 n + k % 4].
template <Operands kOperands, int kSum, int kLeft, int kRight>
inline void AddProduct() {
  if constexpr (kOperands == Operands::kBFloat16) {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kLeft), "i"(kRight));
  } else if constexpr (kOperands == Operands::kUnsignedSigned) {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kLeft), "i"(kRight));
  } else {
    asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kLeft), "i"(kRight));
  }
}

struct Amx {
  // What a thread holds while it multiplies.
  using Scope = Configured;

  // Adds the product of `steps` steps of two panels to sums, or begins them.
  template <Operands kOperands>
  static void AddPanels(const std::byte* left, const std::byte* right, int64_t steps, bool begins,
                        std::byte* sums) {
    if (begins) {
      Zero<0>(), Zero<1>(), Zero<2>(), Zero<3>();
    } else {
      Load<0>(sums, kRowBytes);
      Load<1>(sums + kTileBytes, kRowBytes);
      Load<2>(sums + 2 * kTileBytes, kRowBytes);
      Load<3>(sums + 3 * kTileBytes, kRowBytes);
    }
    for (int64_t s = 0; s < steps; ++s, left += kStepBytes, right += kStepBytes) {
      Load<4>(left, kRowBytes);
      Load<6>(right, kRowBytes);
      AddProduct<kOperands, 0, 4, 6>();
      Load<7>(right + kTileBytes, kRowBytes);
      AddProduct<kOperands, 1, 4, 7>();
      Load<5>(left + kTileBytes, kRowBytes);
      AddProduct<kOperands, 2, 5, 6>();
      AddProduct<kOperands, 3, 5, 7>();
    }
    Store<0>(sums, kRowBytes);
    Store<1>(sums + kTileBytes, kRowBytes);
    Store<2>(sums + 2 * kTileBytes, kRowBytes);
    Store<3>(sums + 3 * kTileBytes, kRowBytes);
  }
};

}  // namespace plelab::tiles
