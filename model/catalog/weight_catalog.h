// Every tensor of a published checkpoint in one list, and whether a checkpoint holds them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// Unused k/v included.  The tied lm_head.weight, which some tools save beside embed_tokens, is not among
// them.
std::vector<TensorSpec> PublishedTensors(const Gemma3nConfig& config);

// Whether a checkpoint holds what its config.json says: one line for each tensor that is missing, extra, or
// of the wrong shape or dtype (float32, bfloat16, float16 are read). A group in `may_lack` may be absent in
// part or whole, but what is there must fit.  Unused k/v of KV-sharing layers (transformers 5 saves none) and
// the tied lm_head.weight may always be present or absent.
std::vector<std::string> TensorProblems(const Checkpoint& checkpoint,
                                        const std::set<ParameterGroup>& may_lack);

// Throws one UserError that lists them all (the first twenty in full).
void VerifyTensors(const Checkpoint& checkpoint, const std::set<ParameterGroup>& may_lack);

}  // namespace plelab
