// Every tensor of a published checkpoint in one list, and whether a given checkpoint holds them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// Includes unused k/v.  Leaves out a tied lm_head.weight, which some tools save beside embed_tokens.
std::vector<TensorSpec> PublishedTensors(const Gemma3nConfig& config);

// Compares a checkpoint with its config.json.  Returns one line for each tensor that is missing, extra, or of
// the wrong shape.  Tensors of a group in `may_lack` may be absent, but those that are present must fit.
// Unused k/v of KV-sharing layers (transformers 5 saves none) and a tied lm_head.weight may always be present
// or absent.
std::vector<std::string> TensorProblems(const Checkpoint& checkpoint,
                                        const std::set<ParameterGroup>& may_lack);

// Throws one UserError that lists all problems (the first twenty in full).
void VerifyTensors(const Checkpoint& checkpoint, const std::set<ParameterGroup>& may_lack);

}  // namespace plelab
