// The rows of one request, laid out as Layer hands them out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "model/base/anonymous_memory.h"
#include "model/ple/ple_source.h"

namespace plelab {

// Throws RunError unless 0 ≤ layer < geometry.layers.
void CheckPleLayer(const PleGeometry& geometry, int64_t layer);

// [layers, n, dim]: each row of the table ([layers, dim]) is spread over the layers once, so that Layer
// copies nothing. With n == 1 this is the row itself.  Uninitialised until Put.
class LayerMajorRows {
 public:
  LayerMajorRows(const PleGeometry& geometry, int64_t n);

  int64_t size() const { return n_; }
  std::byte* data() { return data_; }
  // row: [layers, dim], geometry.row_bytes() bytes.
  void Put(int64_t position, const std::byte* row);
  // values: [dim], geometry.layer_bytes() bytes.
  void PutLayer(int64_t layer, int64_t position, const std::byte* values);
  // Inverse of Put.
  void Get(int64_t position, std::byte* row) const;
  // [n, dim].  Throws as CheckPleLayer.
  std::span<const std::byte> Layer(int64_t layer) const;

 private:
  std::byte* At(int64_t layer, int64_t position) const {
    return data_ + (layer * n_ + position) * geometry_.layer_bytes();
  }

  PleGeometry geometry_;
  int64_t n_;
  std::unique_ptr<std::byte[]> small_;  // one of the two holds the rows
  AnonymousMemory large_;
  std::byte* data_;
};

}  // namespace plelab
