// One step: the stand-in computes, and rows are asked for when a model would ask for them.
#pragma once

#include <cstdint>

#include "experiments/replay/measure/stand_in.h"
#include "experiments/replay/tables/geometries.h"
#include "experiments/replay/tables/step_rows.h"
#include "model/ple/ple_source.h"

namespace plelab {

struct StepOutcome {
  int64_t step_ns = 0;
  // The sum, modulo 2^64, of all rows read as little-endian 64-bit words: the same for every exact source.
  uint64_t checksum = 0;
};

// Begin is called for all groups at the start of the step, when a model knows the token's id.  Layer l is
// asked for at the end of layer l, so that reading overlaps layer 0; a hashed table at the end of the layer
// that needs it.  source: nullptr for a step that asks for no rows.  Throws what the source throws.
StepOutcome ReplayStep(StandIn& stand_in, const ReplayGeometry& geometry, const StepRows& rows,
                       PleSource* source);

// The checksum of rows that MakeRandomFile's bytes of this seed make up, in a table from the file's start on.
uint64_t ExpectedChecksum(const ReplayGeometry& geometry, const StepRows& rows, uint64_t seed);

}  // namespace plelab
