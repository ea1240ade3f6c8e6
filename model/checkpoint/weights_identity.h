// What two copies of one checkpoint have in common, however their tensors are spread over files.
#pragma once

#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/packed_table.h"

namespace plelab {

// SHA-256 over config.json and, for each tensor but the PLE table, its name, dtype, shape, first and last
// bytes.  A folder with a packed table has the identity of the checkpoint that it was packed from.  For
// finished inputs, which contain rows of the table, it is also over a sample of these.  The bytes that are
// read are not counted as weights.  Throws RunError when a tensor cannot be read.
std::string WeightsIdentity(const Checkpoint& checkpoint, PackedKind kind = PackedKind::kRows);

}  // namespace plelab
