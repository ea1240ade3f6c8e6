// Chooses the next id from logits: greedy, temperature, top-k, top-p.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <random>
#include <vector>

#include "model/ple/ple_source.h"

namespace plelab {

struct SamplerOptions {
  double temperature = 0;  // 0: greedy
  int64_t top_k = 0;       // 0: no limit
  double top_p = 1.0;      // 1: no limit
  uint64_t seed = 0;
};

// The `count` ids of the largest logits, best first; equal logits in the order of their ids.  logits: [vocab]
// float32 on the CPU.
std::vector<int64_t> LikeliestIds(const torch::Tensor& logits, int64_t count);

// Names the likeliest ids of each sequence to a source that wants candidates.  logits: [batch, vocab] float32
// on the CPU.
void ExpectLikeliest(PleSource& source, const torch::Tensor& logits);

class Sampler {
 public:
  // Throws UserError for a negative temperature, top_k < 0 or top_p outside (0, 1].
  explicit Sampler(const SamplerOptions& options);
  // logits are [vocab] float32 on the CPU.
  int64_t Sample(const torch::Tensor& logits);

 private:
  SamplerOptions options_;
  std::mt19937_64 generator_;
};

}  // namespace plelab
