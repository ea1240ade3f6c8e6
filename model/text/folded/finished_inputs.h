// The finished per-layer inputs of text tokens, computed from the weights.
//
// A row is (norm(projection(embedding) · hidden^-½) + row · √ple_dim) / √2, computed in float32 from the
// weights as they are stored.  Only text ids have one: they lie below those of images and audio.
// Reference: Gemma3nTextModel.project_per_layer_inputs, which depends on nothing but the token's id.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/checkpoint.h"

namespace plelab {

// The names of the tensors from which finished inputs are computed.
std::vector<std::string> TensorsOfFinishedInputs(const Gemma3nConfig& config);

// The geometry of the table of all finished inputs: a row for each text id, in float32.
PleGeometry FinishedGeometry(const Checkpoint& checkpoint);

class FinishedInputs {
 public:
  // Loads the weights but the PLE table, of which Compute reads rows.  The checkpoint must outlive this
  // object.  Throws UserError when it does not have the table as published.
  explicit FinishedInputs(const Checkpoint& checkpoint);
  explicit FinishedInputs(const Checkpoint&&) = delete;

  // ids: [n], each in [0, vocab) of FinishedGeometry.  Returns [n, layers · ple_dim] float32, the same for an
  // id up to the rounding of float32 whatever the others are.  Throws RunError when the table cannot be read.
  torch::Tensor Compute(std::span<const int64_t> ids) const;

 private:
  torch::Tensor ComputeTogether(std::span<const int64_t> ids) const;
  torch::Tensor TableRows(std::span<const int64_t> ids) const;

  const Checkpoint& checkpoint_;
  PleGeometry table_;  // of the published table
  TextWeights text_;
  std::vector<LinearWeight> projections_;  // [layers]
};

}  // namespace plelab
