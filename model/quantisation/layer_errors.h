// How far each layer of a model is from that of another one of the same shape: of quantised weights, as a
// rule, from those that they were made of.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "model/text/per_layer_input.h"
#include "model/text/text_model.h"

namespace plelab {

// The root mean square of the difference, as a share of the exact output's.  A layer's output is all its
// streams.
struct LayerError {
  double own = 0;          // when both get the exact input, and the exact keys and values of a donor
  double accumulated = 0;  // when each gets what its own layers before it have left
};

// Of the layers in the order of exact.layers, and then of the logits, whose `own` is that of merging the
// streams and of the head.
//
// ids is [1, T]; rows are those of the ids, for both models.  In one pass without a cache and without
// gradient, as a prompt is read: where that multiplies quantised weights as integers (ops/matmul.h), what
// rounding the vectors changes is a part of the errors.  That of the embedding is in `accumulated` only.
// `progress` is told after each layer how many are done.  Both models have the same config and layers, as
// LoadTextWeights gives them for a checkpoint and one that `plelab pack` made of it.
std::vector<LayerError> CompareLayers(const TextModel& exact, const TextModel& other,
                                      const torch::Tensor& ids, const PleRows& rows,
                                      const std::function<void(int64_t)>& progress);

}  // namespace plelab
