// Keys and values of the tokens that were read so far.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/base/dtype.h"
#include "model/checkpoint/config.h"
#include "model/text/attention.h"
#include "model/text/kv_ring.h"
#include "model/text/layer_list.h"

namespace plelab {

// Preallocated rings [B, kv_heads, slots, head_dim], one per position of the layer list (`layer`).  A full
// layer has `capacity` slots.  A sliding layer is a ring of window − 1 + chunk slots (at most capacity), with
// position p in slot p mod slots.  KV-sharing layers hold none, because they read their donor's.  Copies are
// explicit, by Clone(), because they are expensive.
class KvCache {
 public:
  // capacity: how many positions fit. chunk: the most positions that one forward pass adds (longer prompts
  // are processed in pieces).
  KvCache(const TextConfig& config, const LayerList& layers, int64_t batch, int64_t capacity, int64_t chunk,
          DType dtype, torch::Device device);
  KvCache(const TextConfig& config, int64_t batch, int64_t capacity, int64_t chunk, DType dtype,
          torch::Device device)
      : KvCache(config, DefaultLayers(config), batch, capacity, chunk, dtype, device) {}
  KvCache(KvCache&&) = default;
  KvCache& operator=(KvCache&&) = default;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;
  KvCache Clone() const;  // a deep copy of nbytes()

  int64_t batch() const { return batch_; }
  int64_t length() const { return length_; }  // positions held so far
  int64_t capacity() const { return capacity_; }
  int64_t chunk() const { return chunk_; }
  int64_t nbytes() const;
  void Clear() { length_ = 0; }
  // Forgets the last position, which the next step writes again.  REQUIRES length() > 0 and that the last
  // pass had one position, because a ring may have lost what a longer one overwrote.
  void ForgetLast() { --length_; }

  // For the model's own use.  `layer` must be a donor (non-sharing) layer.
  KvRing& keys(int64_t layer) { return keys_[layer]; }
  const KvRing& keys(int64_t layer) const { return keys_[layer]; }
  KvRing& values(int64_t layer) { return values_[layer]; }
  const KvRing& values(int64_t layer) const { return values_[layer]; }
  int64_t slots(int64_t layer) const { return keys_[layer].slots(); }
  // Writes the pass's keys and values (at most chunk positions, from length() on) into their slots.
  void Write(int64_t layer, const KeysValues& made);
  // Every position before `end` that a query at `first_query` or later can see, oldest first, as
  // KvRing::Read returns them.
  KeysValues Read(int64_t layer, int64_t first_query, int64_t end) const;
  // Throws RunError unless the cache was made for a list whose positions make and read keys as those of
  // `layers` do.
  void CheckLayers(const LayerList& layers) const;
  // Throws RunError when `tokens` more positions do not fit.
  void CheckCapacity(int64_t tokens) const;
  // As CheckCapacity, and throws also when they are more than a chunk.
  void CheckRoom(int64_t tokens) const;
  // To be called once every layer has written `tokens` new positions.  Throws RunError beyond capacity.
  void Advance(int64_t tokens);

 private:
  KvCache() = default;

  int64_t batch_ = 0, length_ = 0, capacity_ = 0, chunk_ = 0;
  LayerList layers_;
  std::vector<KvRing> keys_, values_;  // [layers], undefined in KV-sharing layers
  // [layers], how far back a query sees; capacity in full layers.
  std::vector<int64_t> windows_;
};

}  // namespace plelab
