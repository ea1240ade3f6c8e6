#include "harness/training/packing.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "model/base/error.h"
#include "model/base/random_bits.h"
#include "model/training/head_loss.h"

namespace plelab {
std::vector<int64_t> Shuffled(int64_t count, uint64_t seed) {
  std::vector<int64_t> items(static_cast<size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  std::mt19937_64 random(seed);
  Shuffle(items, [&random](size_t) { return random(); });
  return items;
}

Packing::Packing(const TokenSplit& split, int64_t context, int64_t batch, uint64_t seed)
    : split_(split), context_(context), batch_(batch), seed_(seed) {
  const auto tokens = std::ssize(split.ids);
  steps_per_epoch_ = tokens / (context * batch);
  if (steps_per_epoch_ == 0) {
    throw UserError("'tokens': {} training tokens are less than one step of {} windows of {}", tokens, batch,
                    context);
  }
}

void Packing::MakeEpoch(int64_t epoch) {
  std::seed_seq mixed{seed_, static_cast<uint64_t>(epoch)};
  std::vector<uint32_t> words(4);
  mixed.generate(words.begin(), words.end());
  const auto documents = Shuffled(split_.documents(), (uint64_t{words[0]} << 32) | words[1]);
  windows_ = Shuffled(steps_per_epoch_ * batch_, (uint64_t{words[2]} << 32) | words[3]);
  stream_.clear();
  stream_.reserve(split_.ids.size());
  for (const int64_t document : documents) {
    const auto ids = split_.Document(document);
    stream_.insert(stream_.end(), ids.begin(), ids.end());
  }
  epoch_ = epoch;
}

TokenBatch Packing::Batch(int64_t step) {
  if (step / steps_per_epoch_ != epoch_) MakeEpoch(step / steps_per_epoch_);
  TokenBatch result{torch::empty({batch_, context_}, torch::kInt64),
                    torch::empty({batch_, context_}, torch::kInt64)};
  auto* inputs = result.inputs.data_ptr<int64_t>();
  auto* targets = result.targets.data_ptr<int64_t>();
  for (int64_t w = 0; w < batch_; ++w) {
    const uint16_t* from = stream_.data() + windows_[step % steps_per_epoch_ * batch_ + w] * context_;
    for (int64_t i = 0; i < context_; ++i) {
      *inputs++ = i == 0 ? split_.bos : from[i - 1];
      *targets++ = from[i] == split_.bos ? kNotScored : from[i];
    }
  }
  return result;
}

}  // namespace plelab
