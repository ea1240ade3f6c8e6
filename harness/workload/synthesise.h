// Random weights for a config that names a shape but has no checkpoint.
#pragma once

#include <string>
#include <vector>

#include "harness/config/experiment_config.h"

namespace plelab {

// The files that ship with a shape: its vocabulary (tokenizer.model, tokenizer.json, and
// tokenizer_config.json beside them) and front-end settings (preprocessor_config.json).  They are beside the
// shape's JSON file, or in the folder that has its name.
std::vector<std::string> CompanionsOfShape(const std::string& shape);

// The vocabulary among such files: tokenizer.model, else tokenizer.json, else empty.
std::string TokenizerAmong(const std::vector<std::string>& companions);
// The same among the files that ship with a shape.
std::string TokenizerOfShape(const std::string& shape);

// Writes random weights, labelled so, to section.checkpoint unless it is there or no shape is named; with a
// progress bar.  Throws as WriteRandomCheckpoint.
void SynthesiseIfMissing(const ModelSection& section);

}  // namespace plelab
