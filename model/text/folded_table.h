// The finished per-layer input of every text token, computed once and kept beside the checkpoint.  The
// strategy `folded` reads it.
//
// CKPT/ple_folded.safetensors holds `ple_folded` [ids, layers · ple_dim] float32, one contiguous run per id
// as in the published table: (norm(projection(embedding) · hidden^-½) + row · √ple_dim) / √2, computed in
// float32 from the weights as they are stored.  It covers only text ids, which lie below those of images and
// audio.  Reference: Gemma3nTextModel.project_per_layer_inputs, which depends on nothing but the token's id.
#pragma once

#include <functional>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/ple/strategies/ple_options.h"

namespace plelab {

using FoldProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// CKPT/ple_folded.safetensors.
std::string FoldedPath(const Checkpoint& checkpoint);

// The table for a source of `options`: the checkpoint's own, with `folded` set if the options ask for it.
// Writes the file when there is none or when it was made from other weights (as told by names, sizes and
// times of the checkpoint's files).  Throws UserError when the disk has no room for it, RunError when it
// cannot be written, and as Checkpoint::ple_table does.
PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress = {});

}  // namespace plelab
