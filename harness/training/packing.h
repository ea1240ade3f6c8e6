// Documents packed into windows of one length, in an order that (seed, step) alone decide.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "harness/training/token_split.h"

namespace plelab {

// inputs, targets [batch, context] int64.  inputs start with bos, then what came before each target; a target
// that is bos (a document begins) is kNotScored.
struct TokenBatch {
  torch::Tensor inputs, targets;
};

// 0 … count − 1 in an order of the seed's, the same with every library.
std::vector<int64_t> Shuffled(int64_t count, uint64_t seed);

class Packing {
 public:
  // `split` must outlive it.  Throws UserError where it holds less than one batch.
  Packing(const TokenSplit& split, int64_t context, int64_t batch, uint64_t seed);

  // Every epoch has its own order of documents, and of the windows cut from them: the windows of a long
  // document do not follow each other.  What is left at the end of an epoch, less than a batch, is not used.
  TokenBatch Batch(int64_t step);
  int64_t steps_per_epoch() const { return steps_per_epoch_; }

 private:
  void MakeEpoch(int64_t epoch);

  const TokenSplit& split_;
  int64_t context_, batch_;
  uint64_t seed_;
  int64_t steps_per_epoch_ = 0, epoch_ = -1;
  std::vector<uint16_t> stream_;  // of epoch_
  std::vector<int64_t> windows_;  // of epoch_: the order in which they are shown
};

}  // namespace plelab
