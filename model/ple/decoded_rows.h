// The rows of one request as PleRequest::Layer returns them.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "model/base/anonymous_memory.h"
#include "model/io/spare_memory.h"
#include "model/ple/ple_table.h"

namespace plelab {

// Gathers and decodes a layer when it is first asked for, and keeps it.
class DecodedRows {
 public:
  // codec: how the slices are stored that Layer is given; nullptr: in the geometry's dtype.  spare: where
  // memory of large batches comes from and goes to; nullptr: from the kernel, and back.  All must outlive
  // this object.
  DecodedRows(const PleGeometry& geometry, const RowCodec* codec, int64_t n, SpareMemory* spare = nullptr)
      : geometry_(geometry), codec_(codec), n_(n), spare_(spare), is_there_(geometry.layers) {}
  ~DecodedRows() {
    if (spare_ != nullptr && large_.size_bytes() > 0) spare_->Return(std::move(large_));
  }
  DecodedRows(const DecodedRows&) = delete;
  DecodedRows& operator=(const DecodedRows&) = delete;

  // [n, dim] of `layer`.  slice_of(position) returns the stored slice of this layer of one of the n rows; it
  // is called only the first time.  A single slice that needs no decoding is returned as it is, so it must
  // stay where it is.  Throws as CheckPleLayer does.
  template <class SliceOf>
  std::span<const std::byte> Layer(int64_t layer, SliceOf slice_of) {
    CheckPleLayer(geometry_, layer);
    const auto layer_bytes = static_cast<size_t>(geometry_.layer_bytes());
    if (n_ == 1 && codec_ == nullptr) return {slice_of(int64_t{0}), layer_bytes};
    if (!is_there_[layer]) {
      for (int64_t i = 0; i < n_; ++i) Take(layer, i, slice_of(i));
      SetThere(layer);
    }
    return {At(layer), n_ * layer_bytes};
  }

  // Layer by rows: Take for each of the n positions, in any order, and then SetThere make up a layer before
  // it is asked for: by a caller that would wait for other rows meanwhile, where a slice must be copied.
  bool copies() const { return n_ > 1 || codec_ != nullptr; }
  void Take(int64_t layer, int64_t position, const std::byte* stored) {
    const auto layer_bytes = static_cast<size_t>(geometry_.layer_bytes());
    Put(layer, stored, {At(layer) + position * layer_bytes, layer_bytes});
  }
  void SetThere(int64_t layer) { is_there_[layer] = true; }

 private:
  std::byte* At(int64_t layer);
  void Put(int64_t layer, const std::byte* stored, std::span<std::byte> values) const {
    if (codec_ != nullptr) {
      codec_->Decode(layer, stored, values);
    } else {
      std::memcpy(values.data(), stored, values.size());
    }
  }

  const PleGeometry& geometry_;
  const RowCodec* codec_;
  int64_t n_;
  SpareMemory* spare_;
  std::vector<bool> is_there_;  // [layers]
  // One of the two holds [layers, n, dim], depending on its size; neither before the first layer.
  std::unique_ptr<std::byte[]> small_;
  AnonymousMemory large_;
  std::byte* data_ = nullptr;
};

}  // namespace plelab
