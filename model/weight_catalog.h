// Every tensor of a published checkpoint, in one list.
#pragma once

#include <vector>

#include "model/tensor_spec.h"

namespace plelab {

// Unused k/v included.  The tied lm_head.weight, which some tools save beside embed_tokens, is not among
// them.
std::vector<TensorSpec> PublishedTensors(const Gemma3nConfig& config);

}  // namespace plelab
