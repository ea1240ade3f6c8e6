// What experiments share that know no variants: shapes in, curves out.
#pragma once

#include <string>

#include "harness/runner.h"
#include "model/config.h"

namespace plelab {

// A folder is a checkpoint, anything else a shape (ShapeConfigJson).
Gemma3nConfig ConfigOfShape(const std::string& shape);

// Writes result.record to result.path, making its folder.
void WriteCurves(const RunResult& result);

}  // namespace plelab
