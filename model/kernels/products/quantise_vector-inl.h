// Quantises the vectors of a product to int8.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_QUANTISE_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_QUANTISE_VECTOR_INL_H_
#undef PLELAB_QUANTISE_VECTOR_INL_H_
#else
#define PLELAB_QUANTISE_VECTOR_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/codes-inl.h"
#include "model/kernels/matrix.h"
#include "model/kernels/products/packed_vectors.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

// Parts the codes of 128 values into those that meet lower and upper nibbles, and sums them up.
inline void PackNibbleCodes(const uint8_t* HWY_RESTRICT codes, uint8_t* HWY_RESTRICT out) {
  for (size_t block = 0; block < kNibbleValues / kNibbleBlock; ++block) {
    std::memcpy(out + 16 * block, codes + 32 * block, 16);
    std::memcpy(out + 64 + 16 * block, codes + 32 * block + 16, 16);
  }
  int32_t excess[kCodeBlock / 4];
  for (size_t lane = 0; lane < kCodeBlock / 4; ++lane) {
    int32_t sum = 0;
    for (size_t k = 4 * lane; k < 4 * lane + 4; ++k) {
      sum += static_cast<int8_t>(out[k]) + static_cast<int8_t>(out[kCodeBlock + k]);
    }
    excess[lane] = -8 * sum;
  }
  std::memcpy(out + 2 * kCodeBlock, excess, sizeof(excess));
}

// One vector of `size` values for weights of `type`, into PackedBytes(type, size) bytes.
inline void QuantiseVector(ElementType type, const float* x, size_t size, std::byte* out) {
  const float largest = LargestMagnitude(x, size);
  const float factor = CodeFactor(largest);
  QuantisedHead head{.scale = largest / 127.0f};
  auto* to = reinterpret_cast<uint8_t*>(out + sizeof(head));
  HWY_ALIGN uint8_t codes[kNibbleValues];
  int32_t sum = 0;
  for (size_t i = 0; i < size; i += kNibbleValues) {
    const size_t count = std::min<size_t>(kNibbleValues, size - i);
    StoreCodes(x + i, count, factor, reinterpret_cast<int8_t*>(codes));
    std::fill(codes + count, codes + kNibbleValues, uint8_t{0});
    if (type == ElementType::kInt4) {
      PackNibbleCodes(codes, to);
      to += 3 * kCodeBlock;
      continue;
    }
    for (const uint8_t code : codes) sum += static_cast<int8_t>(code);
    const size_t bytes = size - i > static_cast<size_t>(kCodeBlock) ? 2 * kCodeBlock : kCodeBlock;
    std::memcpy(to, codes, bytes);
    to += bytes;
  }
  head.excess = 128 * sum;
  std::memcpy(out, &head, sizeof(head));
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
