// Loads weights as float vectors.  Compiled once per instruction set, between the
// includer's HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_LOAD_PAIR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_LOAD_PAIR_INL_H_
#undef PLELAB_LOAD_PAIR_INL_H_
#else
#define PLELAB_LOAD_PAIR_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;
constexpr size_t kLanes = hn::MaxLanes(DF());

// bfloat16 elements are held as uint16_t bits.  LoadPair returns their even and odd elements in separate
// vectors; float32 and int8 elements stay in order.
template <class T>
constexpr bool kSplitsPairs = std::is_same_v<T, uint16_t>;

// Loads the 2 · kLanes weights from w on.
HWY_INLINE void LoadPair(const uint16_t* HWY_RESTRICT w, VF& even, VF& odd) {
  const DF df;
  const hn::RebindToUnsigned<DF> du;
  // A bfloat16 is the upper half of a float32, so the upper of two needs only a mask and the lower only a
  // shift.
  const auto two = hn::LoadU(du, reinterpret_cast<const uint32_t*>(w));
  even = hn::BitCast(df, hn::ShiftLeft<16>(two));
  odd = hn::BitCast(df, hn::And(two, hn::Set(du, 0xFFFF0000u)));
}
HWY_INLINE void LoadPair(const float* HWY_RESTRICT w, VF& first, VF& second) {
  first = hn::LoadU(DF(), w);
  second = hn::LoadU(DF(), w + kLanes);
}
HWY_INLINE void LoadPair(const int8_t* HWY_RESTRICT w, VF& first, VF& second) {
  const DF df;
  const hn::Rebind<int8_t, DF> d8;
  const hn::RebindToSigned<DF> d32;
  first = hn::ConvertTo(df, hn::PromoteTo(d32, hn::LoadU(d8, w)));
  second = hn::ConvertTo(df, hn::PromoteTo(d32, hn::LoadU(d8, w + kLanes)));
}
HWY_INLINE float Widen(int8_t w) { return w; }
HWY_INLINE float Widen(uint16_t w) { return std::bit_cast<float>(static_cast<uint32_t>(w) << 16); }
HWY_INLINE float Widen(float w) { return w; }

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
