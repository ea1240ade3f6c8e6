// Random weights for a config that names a shape and has no checkpoint.
#pragma once

#include <string>
#include <vector>

#include "harness/config/experiment_config.h"

namespace plelab {

// What ships with a shape, vocabulary (tokenizer.model) and front ends (preprocessor_config.json): in the
// folder of its JSON file's name, or beside the file.
std::vector<std::string> CompanionsOfShape(const std::string& shape);

// The path of the tokenizer.model among them; empty where none ships.
std::string TokenizerOfShape(const std::string& shape);

// Writes random weights, labelled so, to section.checkpoint unless it is there or no shape is named; with a
// progress bar.  Throws as WriteRandomCheckpoint.
void SynthesiseIfMissing(const ModelSection& section);

}  // namespace plelab
