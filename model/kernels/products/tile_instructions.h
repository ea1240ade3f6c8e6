// The instructions of Intel AMX and their configuration.  Written as assembly, because GCC before 14 forgets
// that they read and write memory (GCC bug 114098).  For x86-64 only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace plelab::tiles {

// A tile is 16 rows of 64 bytes: 16 × 32 bfloat16, 16 × 64 int8, or 16 × 16 float32 or int32.
inline constexpr int64_t kRows = 16, kRowBytes = 64;

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
// Adds the product of two tiles of bfloat16: kSum[m][n] += Σ_k kA[m][k] · kB[k / 2][2 n + k % 2].
template <int kSum, int kA, int kB>
inline void AddBFloat16Product() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}
// The same of two tiles of int8, with sums of int32: kSum[m][n] += Σ_k kA[m][k] · kB[k / 4][4 n + k % 4].
template <int kSum, int kA, int kB>
inline void AddInt8Product() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace plelab::tiles
