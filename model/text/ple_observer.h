// An interface for looking at the PLE branch during a pass.  Without an observer (nullptr) it costs nothing.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/text/altup.h"

namespace plelab {

// The two terms of a per-layer input [B, T, ple_dim] float32, before they are scaled together.  A term that
// the kind of source lacks is undefined.
struct PerLayerTerms {
  torch::Tensor projected;  // norm(projection(embeds) · hidden^-½)
  torch::Tensor row;        // row · √ple_dim
};

// Called in the full forward pass, but not in the decode step, for each list position that has a PLE branch,
// with the tokens that the position processes: all tokens of a pass that wants all logits.  The tensors
// belong to the pass: look at them or copy them, but never change them.
class PleObserver {
 public:
  virtual ~PleObserver() = default;
  virtual void SeeInput(int64_t position, const PerLayerTerms& terms) = 0;
  // added is [B, T, hidden] float32; it is about to be added to streams[1:] of `streams`.
  virtual void SeeAddition(int64_t position, const torch::Tensor& added, const AltUpStreams& streams) = 0;
};

}  // namespace plelab
