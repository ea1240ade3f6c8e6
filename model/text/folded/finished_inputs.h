// The finished per-layer inputs of text tokens, computed from the weights.
//
// A row is (norm(projection(embedding) · hidden^-½) + row · √ple_dim) / √2, computed in float32 from the
// weights as they are stored.  Only text ids have one: they lie below those of images and audio.
// Reference: Gemma3nTextModel.project_per_layer_inputs, which depends on nothing but the token's id.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/packing/pack_table.h"
#include "model/text/per_layer_input.h"

namespace plelab {

// Ids below this one are embedded by embed_tokens and have a row of their own in the PLE table.
int64_t TextIds(const Gemma3nConfig& config);

// The names of the tensors from which finished inputs are computed.
std::vector<std::string> TensorsOfFinishedInputs(const Gemma3nConfig& config);

class FinishedInputs {
 public:
  // Loads the weights but the PLE table, of which Compute reads rows.  The checkpoint must outlive this
  // object and have the table as published.
  explicit FinishedInputs(const Checkpoint& checkpoint);

  // That of all text ids, in float32.
  const PleGeometry& geometry() const { return geometry_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }
  // ids: [n], each in [0, vocab).  Returns [n, layers · ple_dim] float32.  Throws RunError when the table
  // cannot be read.
  torch::Tensor Compute(std::span<const int64_t> ids) const;

 private:
  torch::Tensor TableRows(std::span<const int64_t> ids) const;

  const Checkpoint& checkpoint_;
  PleGeometry stored_, geometry_;  // of the PLE table, and of finished inputs
  TextWeights text_;
  std::vector<LinearWeight> projections_;  // [layers]
};

// The table of the finished inputs of all text ids as the packer reads it: each row is computed when it is
// read, so that no file of float32 need exist.  The checkpoint must outlive it.  Throws UserError when the
// checkpoint's table is packed.
TableToPack FinishedInputsToPack(const Checkpoint& checkpoint);

}  // namespace plelab
