// How many bytes one decode step must read; printed beside every time.
#pragma once

#include <cstdint>

#include "model/base/dtype.h"
#include "model/text/decode/step_part.h"
#include "model/text/text_model.h"

namespace plelab {

// Bytes that a decode step of one sequence at `position` (0-based) must read: every weight of the listed
// layers after sparsity, projections and norms, the head (the tied embedding) for the logits, keys and
// values.  PLE rows are not included; of the weights of the PLE branch, those that rows of kind `ple` leave
// in use (RecipeOf): finished inputs need no per-layer projection, and where the branch is off, for all
// layers or for one of them, none of its weights is read.  After sparsity: when down_proj is stored
// transposed, a sparse layer reads on average (1 − sparsity) of up's rows and of down's columns; otherwise it
// reads all of them.
int64_t StepBytes(const TextModel& model, DType kv_dtype, int64_t position, PleKind ple);

// The same by the part of the step that reads them, so that bytes and time of a part belong together;
// StepBytes is their sum.
ByStepPart<int64_t> StepBytesByPart(const TextModel& model, DType kv_dtype, int64_t position, PleKind ple);

// Bytes of the text stack as loaded, without both embedding tables and without unused k/v projections.
int64_t TextStackBytes(const TextConfig& config, const TextWeights& weights);

}  // namespace plelab
