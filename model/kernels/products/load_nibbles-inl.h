// Loads int4 weights and their scales as floats.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_LOAD_NIBBLES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_LOAD_NIBBLES_INL_H_
#undef PLELAB_LOAD_NIBBLES_INL_H_
#else
#define PLELAB_LOAD_NIBBLES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "model/base/half_floats.h"
#include "model/kernels/load_pair-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

HWY_INLINE float WidenHalf(uint16_t half) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  return _cvtsh_ss(half);
#else
  return FromFloat16(half);
#endif
}

// The codes in the lower and upper nibbles of the kLanes bytes from `from` on.
HWY_INLINE void LoadNibbles(const uint8_t* HWY_RESTRICT from, VF& lower, VF& upper) {
  const hn::RebindToSigned<DF> d32;
  const auto bytes = hn::PromoteTo(d32, hn::LoadU(hn::Rebind<uint8_t, DF>(), from));
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  // A lookup takes one instruction, and looks at the lowest four bits only.
  const __m512 codes = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  lower = VF{_mm512_permutexvar_ps(bytes.raw, codes)};
  upper = VF{_mm512_permutexvar_ps(hn::ShiftRight<4>(bytes).raw, codes)};
#else
  const DF df;
  const auto zero_point = hn::Set(d32, 8);
  lower = hn::ConvertTo(df, hn::Sub(hn::And(bytes, hn::Set(d32, 0x0F)), zero_point));
  upper = hn::ConvertTo(df, hn::Sub(hn::ShiftRight<4>(bytes), zero_point));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
