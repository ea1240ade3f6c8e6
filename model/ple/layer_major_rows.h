// The rows of one request, stored layer by layer, in the order in which PleRequest::Layer returns them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "model/base/anonymous_memory.h"
#include "model/ple/ple_source.h"

namespace plelab {

// Throws RunError unless 0 ≤ layer < geometry.layers.
void CheckPleLayer(const PleGeometry& geometry, int64_t layer);

// Holds [layers, n, dim].  Put scatters a row of the table ([layers, dim]) over the layers, so that Layer
// copies nothing; with n == 1 both layouts are the same.  Values are uninitialised until Put.
class LayerMajorRows {
 public:
  LayerMajorRows(const PleGeometry& geometry, int64_t n);

  int64_t size() const { return n_; }
  std::byte* data() { return data_; }
  // Stores the row at `position` of the request.  row: [layers, dim], geometry.row_bytes() bytes.
  void Put(int64_t position, const std::byte* row);
  // Stores one layer of the row at `position`.  values: [dim], geometry.layer_bytes() bytes.
  void PutLayer(int64_t layer, int64_t position, const std::byte* values);
  // Inverse of Put.
  void Get(int64_t position, std::byte* row) const;
  // [n, dim] of `layer`.  Throws as CheckPleLayer does.
  std::span<const std::byte> Layer(int64_t layer) const;

 private:
  std::byte* At(int64_t layer, int64_t position) const {
    return data_ + (layer * n_ + position) * geometry_.layer_bytes();
  }

  PleGeometry geometry_;
  int64_t n_;
  // One of the two holds the rows, depending on their size.
  std::unique_ptr<std::byte[]> small_;
  AnonymousMemory large_;
  std::byte* data_;
};

}  // namespace plelab
