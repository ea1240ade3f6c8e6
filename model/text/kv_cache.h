// Keys and values of what was read so far.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/base/dtype.h"
#include "model/checkpoint/config.h"
#include "model/text/attention.h"
#include "model/text/layer_list.h"

namespace plelab {

// Preallocated [layer][B, kv_heads, slots, head_dim], `layer` a position of the layer list.  A full layer has
// `capacity` slots; a sliding layer is a ring of window − 1 + chunk slots (never more than capacity),
// position p in slot p mod slots. KV-sharing layers hold none: they read their donor.  Not copyable by
// accident: Clone() says what it costs.
class KvCache {
 public:
  // capacity: positions that fit; chunk: most positions added by one forward pass (longer prompts go in
  // pieces).
  KvCache(const TextConfig& config, const LayerList& layers, int64_t batch, int64_t capacity, int64_t chunk,
          DType dtype, torch::Device device);
  KvCache(const TextConfig& config, int64_t batch, int64_t capacity, int64_t chunk, DType dtype,
          torch::Device device)
      : KvCache(config, DefaultLayers(config), batch, capacity, chunk, dtype, device) {}
  KvCache(KvCache&&) = default;
  KvCache& operator=(KvCache&&) = default;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;
  KvCache Clone() const;  // deep copy of nbytes()

  int64_t batch() const { return batch_; }
  int64_t length() const { return length_; }  // positions held so far (absolute)
  int64_t capacity() const { return capacity_; }
  int64_t chunk() const { return chunk_; }
  int64_t nbytes() const;
  void Clear() { length_ = 0; }

  // The model's own calls: layer is a donor (non-sharing) layer.
  const torch::Tensor& keys(int64_t layer) const { return keys_[layer]; }  // [B, kv_heads, slots, head_dim]
  const torch::Tensor& values(int64_t layer) const { return values_[layer]; }
  int64_t slots(int64_t layer) const { return slots_[layer]; }
  // Puts the pass's keys and values (at most chunk positions, from length() on) into their slots.
  void Write(int64_t layer, const KeysValues& made);
  // Every position that a query at `first_query` or later can see, up to `end` (exclusive), oldest first.  A
  // view, or a copy where the ring wraps.
  KeysValues Read(int64_t layer, int64_t first_query, int64_t end) const;
  // Throws RunError unless it was made for a list whose positions make and read keys as those of `layers` do.
  void CheckLayers(const LayerList& layers) const;
  // Throws RunError when `tokens` more positions do not fit.
  void CheckCapacity(int64_t tokens) const;
  // The same, and when they are more than a chunk.
  void CheckRoom(int64_t tokens) const;
  // After every layer wrote `tokens` new positions.  Throws RunError beyond capacity.
  void Advance(int64_t tokens);

 private:
  KvCache() = default;

  int64_t batch_ = 0, length_ = 0, capacity_ = 0, chunk_ = 0;
  LayerList layers_;
  std::vector<torch::Tensor> keys_, values_;  // [layers], undefined in KV-sharing layers
  std::vector<int64_t> slots_;                // [layers], 0 in KV-sharing layers
  std::vector<int64_t> windows_;              // [layers], how far back a query sees: capacity in full layers
};

}  // namespace plelab
