// The finished per-layer input of every text token, computed once and kept beside the checkpoint: what the
// strategy `folded` reads.
//
// CKPT/ple_folded.safetensors holds `ple_folded` [ids, layers · ple_dim] float32, one contiguous run per id
// as in the published table: (norm(projection(embedding) · hidden^-½) + row · √ple_dim) / √2, computed in
// float32 from the weights as they are stored.  It has only ids that are text: below those of images and of
// audio. Reference: Gemma3nTextModel.project_per_layer_inputs, of which nothing but the token's id is an
// argument.
#pragma once

#include <functional>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/ple/strategies/ple_options.h"

namespace plelab {

using FoldProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// CKPT/ple_folded.safetensors.
std::string FoldedPath(const Checkpoint& checkpoint);

// The table to make a source of `options` from: the checkpoint's own, with `folded` set where the options ask
// for it.  The file is written where there is none or it was made of other weights (names, sizes and times of
// the checkpoint's files tell).  Throws UserError where the disk has no room for it, RunError where it cannot
// be written, and as Checkpoint::ple_table.
PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress = {});

}  // namespace plelab
