#include "model/text/kv_cache.h"

#include <algorithm>

#include "model/base/error.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

// Positions start … end − 1 of a ring, oldest first.
torch::Tensor ReadRing(const torch::Tensor& ring, int64_t start, int64_t end) {
  const int64_t slots = ring.size(2), slot = start % slots, count = end - start;
  const int64_t before_wrap = std::min(count, slots - slot);
  const torch::Tensor head = ring.narrow(2, slot, before_wrap);
  return before_wrap == count ? head : torch::cat({head, ring.narrow(2, 0, count - before_wrap)}, 2);
}

void WriteRing(const torch::Tensor& ring, int64_t start, const torch::Tensor& made) {
  const int64_t slots = ring.size(2), slot = start % slots, count = made.size(2);
  const int64_t before_wrap = std::min(count, slots - slot);
  ring.narrow(2, slot, before_wrap).copy_(made.narrow(2, 0, before_wrap));
  if (before_wrap < count) {
    ring.narrow(2, 0, count - before_wrap).copy_(made.narrow(2, before_wrap, count - before_wrap));
  }
}

}  // namespace

KvCache::KvCache(const TextConfig& config, const LayerList& layers, int64_t batch, int64_t capacity,
                 int64_t chunk, DType dtype, torch::Device device)
    : batch_(batch), capacity_(capacity), chunk_(std::min(chunk, capacity)), layers_(layers) {
  if (batch < 1 || capacity < 1 || chunk < 1) {
    throw RunError("KV cache: batch {}, capacity {} and chunk {} must each be at least 1", batch, capacity,
                   chunk);
  }
  const auto options = torch::dtype(TorchType(dtype)).device(device);
  const auto count = static_cast<int64_t>(layers.size());
  for (int64_t layer = 0; layer < count; ++layer) {
    const bool sliding = layers[layer].type == LayerType::kSliding;
    windows_.push_back(sliding ? std::min(config.sliding_window, capacity) : capacity);
    const int64_t slots = sliding ? std::min(windows_.back() - 1 + chunk_, capacity) : capacity;
    const bool holds = MakesKeys(layers, layer);
    const auto make = [&] {
      const std::vector<int64_t> shape = {batch, config.num_key_value_heads, slots, config.head_dim};
      return holds ? torch::zeros(shape, options) : torch::Tensor();
    };
    keys_.push_back(make());
    values_.push_back(make());
    slots_.push_back(holds ? slots : 0);
  }
}

KvCache KvCache::Clone() const {
  KvCache copy;
  copy.batch_ = batch_;
  copy.length_ = length_;
  copy.capacity_ = capacity_;
  copy.chunk_ = chunk_;
  copy.layers_ = layers_;
  copy.slots_ = slots_;
  copy.windows_ = windows_;
  for (const torch::Tensor& t : keys_) copy.keys_.push_back(t.defined() ? t.clone() : t);
  for (const torch::Tensor& t : values_) copy.values_.push_back(t.defined() ? t.clone() : t);
  return copy;
}

int64_t KvCache::nbytes() const {
  int64_t bytes = 0;
  for (const torch::Tensor& t : keys_) bytes += t.defined() ? static_cast<int64_t>(t.nbytes()) : 0;
  return 2 * bytes;
}

void KvCache::Write(int64_t layer, const KeysValues& made) {
  WriteRing(keys_[layer], made.start, made.keys);
  WriteRing(values_[layer], made.start, made.values);
}

KeysValues KvCache::Read(int64_t layer, int64_t first_query, int64_t end) const {
  const int64_t start = std::max<int64_t>(0, first_query - windows_[layer] + 1);
  return {ReadRing(keys_[layer], start, end), ReadRing(values_[layer], start, end), start};
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
