// Random weights for a config that names a shape and has no checkpoint.
#pragma once

#include <string>

#include "harness/experiment_config.h"

namespace plelab {

// The vocabulary that ships with a shape: beside its JSON file, or in the folder of the same name; empty:
// none.
std::string TokenizerOfShape(const std::string& shape);

// Writes random weights, labelled so, to section.checkpoint unless it is there or no shape is named; with a
// progress bar.  Throws as WriteRandomCheckpoint.
void SynthesiseIfMissing(const ModelSection& section);

}  // namespace plelab
