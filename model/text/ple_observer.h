// Whoever wants to see what the PLE branch does in a pass: null, and free of cost, where nobody does.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/text/altup.h"

namespace plelab {

// The two terms of a per-layer input [B, T, ple_dim] float32, before they are scaled together; undefined
// where the source's kind has none.
struct PerLayerTerms {
  torch::Tensor projected;  // norm(projection(embeds) · hidden^-½)
  torch::Tensor row;        // row · √ple_dim
};

// Called in the full forward, not in the decode step, for each list position that has a branch, with the
// tokens that the position carries on with: all of a pass that wants all logits.  Tensors are the pass's own:
// looked at or copied, never changed.
class PleObserver {
 public:
  virtual ~PleObserver() = default;
  virtual void SeeInput(int64_t position, const PerLayerTerms& terms) = 0;
  // added [B, T, hidden] float32 is what streams[1:] of `streams` are about to be moved by.
  virtual void SeeAddition(int64_t position, const torch::Tensor& added, const AltUpStreams& streams) = 0;
};

}  // namespace plelab
