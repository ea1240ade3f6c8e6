// Finished inputs for the packer, which reads rows of files: a file that is computed as it is read.
#pragma once

#include <memory>

#include "model/io/random_access_file.h"
#include "model/packing/pack_table.h"
#include "model/text/folded/finished_inputs.h"

namespace plelab {

// What a file of all finished inputs would have, row after row in float32.  Ranges that are submitted
// together are computed together, when the first of them is waited for.  The checkpoint must outlive it.
// Reads throw RunError beyond the last row, and as FinishedInputs::Compute.
std::unique_ptr<RandomAccessFile> OpenFinishedInputs(const Checkpoint& checkpoint);

// The table of finished inputs, so that it can be packed though no file of float32 exists.  The checkpoint
// must outlive it.
TableToPack FinishedInputsToPack(const Checkpoint& checkpoint);
TableToPack FinishedInputsToPack(const Checkpoint&&) = delete;

}  // namespace plelab
