// A PLE table of known numbers in a fake file, and sources that read it.  Free of torch.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/base/half_floats.h"
#include "tests/support/fake_file.h"

namespace plelab {

// Values are float32, bfloat16 or float16.  The numbers kept here are those in the file: bfloat16 is made by
// truncation, float16 by rounding.
class ValueTable {
 public:
  ValueTable(const PleGeometry& geometry, std::vector<float> values)
      : geometry_(geometry), values_(std::move(values)) {
    std::vector<std::byte> bytes(kOffset + geometry.table_bytes());
    const int64_t size = SizeOf(geometry.dtype);
    for (size_t i = 0; i < values_.size(); ++i) {
      if (geometry.dtype == DType::kFloat16) {
        const uint16_t half = ToFloat16(values_[i]);
        values_[i] = FromFloat16(half);
        std::memcpy(bytes.data() + kOffset + i * size, &half, size);
        continue;
      }
      uint32_t bits;
      std::memcpy(&bits, &values_[i], 4);
      if (size == 2) bits &= 0xffff0000;
      std::memcpy(&values_[i], &bits, 4);
      if (size == 2) bits >>= 16;
      std::memcpy(bytes.data() + kOffset + i * size, &bits, size);
    }
    disk_ = std::make_shared<FakeDisk>(std::move(bytes));
  }
  explicit ValueTable(const PleGeometry& geometry, uint32_t seed = 1)
      : ValueTable(geometry, RandomValues(geometry.vocab * geometry.layers * geometry.dim, seed)) {}

  static std::vector<float> RandomValues(int64_t n, uint32_t seed) {
    std::mt19937 generator(seed);
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(generator() % 2001) / 500.0f - 2.0f;
    return values;
  }

  const PleGeometry& geometry() const { return geometry_; }
  FakeDisk& disk() const { return *disk_; }
  std::unique_ptr<PleSource> Make(std::string_view spec) const {
    return MakePleSource(ParsePleSpec(spec), {"fake", kOffset, geometry_},
                         {.warm_ids = {}, .open = FakeDisk::Opener(disk_)});
  }

  // Returns [dim]: one row of the file in one layer.
  std::vector<float> Row(int64_t row, int64_t layer) const {
    const auto begin = values_.begin() + (row * geometry_.layers + layer) * geometry_.dim;
    return {begin, begin + geometry_.dim};
  }
  // Returns [dim]: a request for one id.
  std::vector<float> RowOf(PleSource& source, int64_t id, int64_t layer) const {
    return Values(*source.Begin({&id, 1}), layer);
  }
  // Returns [n, dim]: the values of a request.
  std::vector<float> Values(PleRequest& request, int64_t layer) const {
    const auto bytes = request.Layer(layer);
    const size_t size = SizeOf(geometry_.dtype);
    std::vector<float> values(bytes.size() / size);
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, bytes.data() + i * size, size);
      if (geometry_.dtype == DType::kFloat16) {
        values[i] = FromFloat16(static_cast<uint16_t>(bits));
        continue;
      }
      if (size == 2) bits <<= 16;
      std::memcpy(&values[i], &bits, 4);
    }
    return values;
  }

 private:
  static constexpr int64_t kOffset = 52;
  PleGeometry geometry_;
  std::vector<float> values_;  // [vocab, layers, dim]
  std::shared_ptr<FakeDisk> disk_;
};

}  // namespace plelab
