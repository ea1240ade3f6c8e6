#include "model/text/kv_cache.h"

#include <algorithm>

#include "model/base/error.h"

namespace plelab {
KvCache::KvCache(const TextConfig& config, const LayerList& layers, int64_t batch, int64_t capacity,
                 int64_t chunk, DType dtype, torch::Device device)
    : batch_(batch), capacity_(capacity), chunk_(std::min(chunk, capacity)), layers_(layers) {
  if (batch < 1 || capacity < 1 || chunk < 1) {
    throw RunError("KV cache: batch {}, capacity {} and chunk {} must each be at least 1", batch, capacity,
                   chunk);
  }
  const auto count = static_cast<int64_t>(layers.size());
  for (int64_t layer = 0; layer < count; ++layer) {
    const bool sliding = layers[layer].type == LayerType::kSliding;
    windows_.push_back(sliding ? std::min(config.sliding_window, capacity) : capacity);
    const int64_t slots = sliding ? std::min(windows_.back() - 1 + chunk_, capacity) : capacity;
    const auto make = [&] {
      if (!MakesKeys(layers, layer)) return KvRing();
      return KvRing(batch, config.num_key_value_heads, slots, config.head_dim, dtype, device);
    };
    keys_.push_back(make());
    values_.push_back(make());
  }
}

KvCache KvCache::Clone() const {
  KvCache copy;
  copy.batch_ = batch_;
  copy.length_ = length_;
  copy.capacity_ = capacity_;
  copy.chunk_ = chunk_;
  copy.layers_ = layers_;
  copy.windows_ = windows_;
  for (const KvRing& ring : keys_) copy.keys_.push_back(ring.Clone());
  for (const KvRing& ring : values_) copy.values_.push_back(ring.Clone());
  return copy;
}

int64_t KvCache::nbytes() const {
  int64_t bytes = 0;
  for (const KvRing& ring : keys_) bytes += ring.nbytes();
  return 2 * bytes;
}

void KvCache::Write(int64_t layer, const KeysValues& made) {
  keys_[layer].Write(made.start, made.keys);
  values_[layer].Write(made.start, made.values);
}

KeysValues KvCache::Read(int64_t layer, int64_t first_query, int64_t end) const {
  const int64_t start = std::max<int64_t>(0, first_query - windows_[layer] + 1);
  return {keys_[layer].Read(start, end), values_[layer].Read(start, end), start};
}

void KvCache::CheckLayers(const LayerList& layers) const {
  const auto same = [](const LayerSpec& a, const LayerSpec& b) {
    return a.kv_donor == b.kv_donor && a.type == b.type;
  };
  if (std::ranges::equal(layers_, layers, same)) return;
  throw RunError("KV cache: made for another list of {} layers, the model runs {}; make one for each list",
                 layers_.size(), layers.size());
}

void KvCache::CheckCapacity(int64_t tokens) const {
  if (length_ + tokens > capacity_) {
    throw RunError("KV cache: holds {} positions and cannot take {} more, capacity is {}", length_, tokens,
                   capacity_);
  }
}

void KvCache::CheckRoom(int64_t tokens) const {
  if (tokens > chunk_) {
    throw RunError("KV cache: {} positions in one pass, expected at most a chunk of {}", tokens, chunk_);
  }
  CheckCapacity(tokens);
}

void KvCache::Advance(int64_t tokens) {
  CheckRoom(tokens);
  length_ += tokens;
}

}  // namespace plelab
