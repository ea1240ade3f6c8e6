// Does a checkpoint hold what its config.json says?
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/weight_catalog.h"

namespace plelab {

// One line for each tensor that is missing, extra, or of the wrong shape or dtype (float32, bfloat16, float16
// are read). A group in `may_lack` may be absent in part or whole, but what is there must fit.  Unused k/v of
// KV-sharing layers (transformers 5 saves none) and the tied lm_head.weight may always be present or absent.
std::vector<std::string> TensorProblems(const Checkpoint& checkpoint,
                                        const std::set<ParameterGroup>& may_lack);

// Throws one UserError that lists them all (the first twenty in full).
void VerifyTensors(const Checkpoint& checkpoint, const std::set<ParameterGroup>& may_lack);

}  // namespace plelab
