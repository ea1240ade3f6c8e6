// Weights of a checkpoint, quantised while a packed copy of it is written (packing/pack_checkpoint.h).
#pragma once

#include <map>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/packing/pack_checkpoint.h"
#include "model/quantisation/weight_plan.h"

namespace plelab {

// Writes the planned tensors as codes and scales, a few rows at a time, in all threads of the pool.  Values
// are read as float32.  The checkpoint must outlive the result, and must not be quantised: UserError.
TensorEncoding QuantisedEncoding(const Checkpoint& checkpoint, std::map<std::string, PlannedWeight> plan);

// Bits that each planned weight takes with its share of the scales, on average.
double BitsPerWeight(const std::map<std::string, PlannedWeight>& plan);

}  // namespace plelab
