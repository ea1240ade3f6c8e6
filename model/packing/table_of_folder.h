// The table that a source reads in place of the checkpoint's own (`table: FOLDER`).
#pragma once

#include <string>

#include "model/checkpoint/checkpoint.h"

namespace plelab {

// The packed table of a folder, or the table of a copy of the checkpoint.  `folder` empty: the checkpoint's
// own table.  Throws UserError when the folder belongs to other weights, and as Checkpoint::ple_table.
PleTable TableOfFolder(const std::string& folder, const Checkpoint& checkpoint);

}  // namespace plelab
