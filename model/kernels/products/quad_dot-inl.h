// Sums of four products of bytes in each 32-bit lane: one instruction where the CPU has it.  Compiled once
// per instruction set, between the includer's HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the
// toggling guard.
#if defined(PLELAB_QUAD_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_QUAD_DOT_INL_H_
#undef PLELAB_QUAD_DOT_INL_H_
#else
#define PLELAB_QUAD_DOT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#if HWY_ARCH_ARM_A64
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using DU8 = hn::ScalableTag<uint8_t>;
using DI32 = hn::ScalableTag<int32_t>;
using VU8 = hn::Vec<DU8>;
using VI32 = hn::Vec<DI32>;
constexpr size_t kBytes = hn::MaxLanes(DU8());

// Adds a[4i] · b[4i] + … + a[4i + 3] · b[4i + 3] to lane i of sum.  a is unsigned; b is signed, although its
// type does not say so.  Exact: it does not saturate.
HWY_INLINE VI32 QuadDot(VI32 sum, VU8 a, VU8 b) {
#if HWY_TARGET == HWY_AVX3_DL
  // Every CPU of this target has the instruction, but Highway 1.0 does not tell the compiler, which would
  // then refuse the intrinsic.
  asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
  return sum;
#else
  const DI32 d32;
  const hn::Repartition<int16_t, DI32> d16;
  const auto a16 = hn::BitCast(d16, a), b16 = hn::BitCast(d16, b);
  const auto a_even = hn::And(a16, hn::Set(d16, 0xFF));
  const auto a_odd =
      hn::BitCast(d16, hn::ShiftRight<8>(hn::BitCast(hn::RebindToUnsigned<decltype(d16)>(), a16)));
  const auto b_even = hn::ShiftRight<8>(hn::ShiftLeft<8>(b16)), b_odd = hn::ShiftRight<8>(b16);
  VI32 rest = hn::Zero(d32);
  VI32 pairs = hn::ReorderWidenMulAccumulate(d32, a_even, b_even, hn::Zero(d32), rest);
  pairs = hn::ReorderWidenMulAccumulate(d32, a_odd, b_odd, pairs, rest);
  return hn::Add(sum, hn::RearrangeToOddPlusEven(pairs, rest));
#endif
}

// Adds the same sums of two vectors of nibbles (0 … 15) with codes of at most ±127.
HWY_INLINE VI32 NibbleDot(VI32 sum, VU8 a, VU8 b, VU8 c, VU8 d) {
#if HWY_TARGET == HWY_AVX2
  // Sums of two products, which saturate at 16 bits: four of them are 7,620 at most.
  const __m256i pairs =
      _mm256_add_epi16(_mm256_maddubs_epi16(a.raw, b.raw), _mm256_maddubs_epi16(c.raw, d.raw));
  return hn::Add(sum, VI32{_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))});
#elif HWY_TARGET == HWY_AVX3
  const __m512i pairs =
      _mm512_add_epi16(_mm512_maddubs_epi16(a.raw, b.raw), _mm512_maddubs_epi16(c.raw, d.raw));
  return hn::Add(sum, VI32{_mm512_madd_epi16(pairs, _mm512_set1_epi16(1))});
#else
  return QuadDot(QuadDot(sum, a, b), c, d);
#endif
}

// How four products are summed: by what every CPU of the target has, with 128 added to the weights' codes …
struct UnsignedDot {
  static constexpr uint8_t kAdded = 0x80;
  static HWY_INLINE VI32 Add(VI32 sum, VU8 a, VU8 b) { return QuadDot(sum, a, b); }
  static HWY_INLINE VI32 AddNibbles(VI32 sum, VU8 a, VU8 b, VU8 c, VU8 d) {
    return NibbleDot(sum, a, b, c, d);
  }
};

#if HWY_ARCH_ARM_A64 && HWY_TARGET <= HWY_NEON
// … or by the instruction for signed bytes, which 64-bit Arm has since version 8.2.
struct SignedDot {
  static constexpr uint8_t kAdded = 0;
  static HWY_INLINE VI32 Add(VI32 sum, VU8 a, VU8 b) {
    asm(".arch armv8.2-a+crypto+dotprod\n\tsdot %0.4s, %1.16b, %2.16b"
        : "+w"(sum.raw)
        : "w"(a.raw), "w"(b.raw));
    return sum;
  }
  static HWY_INLINE VI32 AddNibbles(VI32 sum, VU8 a, VU8 b, VU8 c, VU8 d) {
    return Add(Add(sum, a, b), c, d);
  }
};
inline bool CpuHasSignedDot() {
  static const bool has = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  return has;
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
