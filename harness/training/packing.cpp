#include "harness/training/packing.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "model/head_loss.h"
#include "model/io/error.h"

namespace plelab {
namespace {

constexpr uint64_t kSeedOfSubset =
    0x706c656c6162;  // which documents are learned from: the same for every run

// Not std::shuffle, whose sequence differs between libraries.
void Shuffle(std::vector<int64_t>& items, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

}  // namespace

Packing::Packing(const TokenSplit& split, int64_t use_first, int64_t context, int64_t batch, uint64_t seed)
    : split_(split), context_(context), batch_(batch), seed_(seed), documents_(split.documents()) {
  std::iota(documents_.begin(), documents_.end(), 0);
  Shuffle(documents_, kSeedOfSubset);
  size_t used = 0;
  for (; used < documents_.size() && (use_first == 0 || tokens_ < use_first); ++used) {
    tokens_ += static_cast<int64_t>(split.Document(documents_[used]).size());
  }
  documents_.resize(used);
  std::ranges::sort(documents_);
  steps_per_epoch_ = tokens_ / (context * batch);
  if (steps_per_epoch_ == 0) {
    throw UserError("'tokens': {} training tokens are less than one step of {} windows of {}", tokens_, batch,
                    context);
  }
}

void Packing::MakeEpoch(int64_t epoch) {
  std::vector<int64_t> order = documents_;
  std::seed_seq mixed{seed_, static_cast<uint64_t>(epoch)};
  std::vector<uint32_t> words(2);
  mixed.generate(words.begin(), words.end());
  Shuffle(order, (uint64_t{words[0]} << 32) | words[1]);
  stream_.clear();
  stream_.reserve(static_cast<size_t>(tokens_));
  for (const int64_t document : order) {
    const auto ids = split_.Document(document);
    stream_.insert(stream_.end(), ids.begin(), ids.end());
  }
  epoch_ = epoch;
}

TokenBatch Packing::Batch(int64_t step) {
  if (step / steps_per_epoch_ != epoch_) MakeEpoch(step / steps_per_epoch_);
  const uint16_t* from = stream_.data() + step % steps_per_epoch_ * batch_ * context_;
  TokenBatch result{torch::empty({batch_, context_}, torch::kInt64),
                    torch::empty({batch_, context_}, torch::kInt64)};
  auto* inputs = result.inputs.data_ptr<int64_t>();
  auto* targets = result.targets.data_ptr<int64_t>();
  for (int64_t i = 0; i < batch_ * context_; ++i) {
    inputs[i] = i % context_ == 0 ? split_.bos : from[i - 1];
    targets[i] = from[i] == split_.bos ? kNotScored : from[i];
  }
  return result;
}

}  // namespace plelab
