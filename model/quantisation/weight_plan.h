// Which weights of the text stack are quantised, and how.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/checkpoint/config.h"
#include "model/checkpoint/stored_weight.h"
#include "model/quantisation/quantise.h"
#include "model/weights/linear_weight.h"

namespace plelab {

struct PlanOptions {
  CodeFormat format;
  // int8 where `format` has fewer bits: for what makes and adds per-layer inputs, and for the token
  // embedding, which is the output layer.
  bool ple_int8 = false, embedding_int8 = false;
  Rounding rounding = Rounding::kSearch;
};

struct PlannedWeight {
  CodeFormat format;
  WeightLayout layout = WeightLayout::kRowMajor;
  Rounding rounding = Rounding::kSearch;
  int64_t out = 0, in = 0;

  int64_t rows() const { return layout == WeightLayout::kRowMajor ? out : in; }
  int64_t columns() const { return layout == WeightLayout::kRowMajor ? in : out; }
};

// The plan by published name.  A matrix is planned when its stored rows have at least 32 values and it has at
// least 32 rows: AltUp's small matrices stay, whose values steer everything and weigh nothing.  Rows that
// `format` does not divide get int8.  Towers, norms and the PLE table are not planned.
std::map<std::string, PlannedWeight> PlanWeights(const Gemma3nConfig& config, const PlanOptions& options);

}  // namespace plelab
