#include "model/ple/formats/narrow_codec.h"

#include <vector>

#include "model/ple/formats/row_values.h"

namespace plelab {

void NarrowCodec::Encode(int64_t /*layer*/, std::span<const float> values,
                         std::span<std::byte> stored) const {
  StoreValues(stored_, values, stored);
}

void NarrowCodec::Decode(int64_t /*layer*/, const std::byte* stored, std::span<std::byte> values) const {
  thread_local std::vector<float> floats;
  floats.resize(static_cast<size_t>(dim_));
  LoadValues(stored_, {stored, static_cast<size_t>(slice_bytes())}, floats);
  StoreValues(returned_, floats, values);
}

}  // namespace plelab
