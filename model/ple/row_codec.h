// How the values of a row are stored, in a table that is not kept as published.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace plelab {

// A slice is what one layer has of a row: dim values.  Thread-safe.
class RowCodec {
 public:
  virtual ~RowCodec() = default;
  // Bytes of a stored slice; the same for each layer.
  virtual int64_t slice_bytes() const = 0;
  // Bytes of RAM that decoding takes for the whole table, such as codebooks.
  virtual int64_t index_bytes() const { return 0; }
  // Decodes the stored slice of `layer` to [dim] in the dtype of the table's geometry.
  virtual void Decode(int64_t layer, const std::byte* stored, std::span<std::byte> values) const = 0;
  // The inverse, as near as the format allows.  values: [dim]; stored: [slice_bytes()].
  virtual void Encode(int64_t layer, std::span<const float> values, std::span<std::byte> stored) const = 0;
};

}  // namespace plelab
