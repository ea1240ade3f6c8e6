// Packs documents into windows of one length, in an order that depends only on (seed, step).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "harness/training/token_split.h"

namespace plelab {

// inputs and targets are [batch, context] int64.  A window's inputs start with bos, followed by the id before
// each target.  A target that is bos (where a document begins) is kNotScored.
struct TokenBatch {
  torch::Tensor inputs, targets;
};

// 0 … count − 1 in an order that the seed determines, the same with every library.
std::vector<int64_t> Shuffled(int64_t count, uint64_t seed);

class Packing {
 public:
  // `split` must outlive the object.  Throws UserError when it holds less than one batch.
  Packing(const TokenSplit& split, int64_t context, int64_t batch, uint64_t seed);

  // Each epoch has its own order of documents and of the windows cut from them, so that the windows of a long
  // document do not follow each other.  What is left at the end of an epoch, less than a batch, is not used.
  TokenBatch Batch(int64_t step);
  int64_t steps_per_epoch() const { return steps_per_epoch_; }

 private:
  void MakeEpoch(int64_t epoch);

  const TokenSplit& split_;
  int64_t context_, batch_;
  uint64_t seed_;
  int64_t steps_per_epoch_ = 0, epoch_ = -1;
  std::vector<uint16_t> stream_;  // of the epoch epoch_
  std::vector<int64_t> windows_;  // of the epoch epoch_: the order in which windows are shown
};

}  // namespace plelab
