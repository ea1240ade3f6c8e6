// The finished per-layer input of every text token (finished_inputs.h), computed once and kept in a file
// (folded_file.h).  The strategy `folded` reads it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/ple/strategies/ple_options.h"

namespace plelab {

using FoldProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// The options' `file`, else ple_folded.safetensors in the options' `table`, else in CKPT.
std::string FoldedPath(const PleOptions& options, const Checkpoint& checkpoint);

// Finished inputs that `plelab pack` wrote to FoldedPath; nullptr: there are none.  Throws UserError when
// they belong to other weights or are damaged.
std::shared_ptr<const PleTable> PackedFolded(const PleOptions& options, const Checkpoint& checkpoint);

// TableFor, with `folded` set only where it is packed: nothing is made.
PleTable TableThere(const PleOptions& options, const Checkpoint& checkpoint);

// The table for a source of `options`: that of options.table, else the checkpoint's own, with `folded` set if
// the options ask for it.  Finished inputs that `plelab pack` wrote are taken as they are.
// Writes the file when there is none, when its hashes say that it is damaged, or when it was made from other
// weights (as told by the checkpoint's headers, by the times of the files that the fold reads and by a sample
// of their bytes).  One process at a time does so for the same weights; others wait for it, `progress` being
// called with 0 bytes done, and use what it wrote. Throws UserError when the place cannot be written or its
// disk has no room, RunError when writing fails, and as Checkpoint::ple_table does.
PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress = {});

}  // namespace plelab
