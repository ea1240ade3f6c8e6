// What the rows of a PLE source mean to a layer.
#pragma once

#include "model/config.h"
#include "model/ple/ple_source.h"

namespace plelab {

// input = (norm(projection(embedding) · hidden^-½) + row · row_scale) · scale, each term only where it is
// wanted.
struct PerLayerRecipe {
  bool branch = true;  // false: the layer's PLE branch is skipped
  bool projection = false;
  bool rows = false;
  double row_scale = 1;
  double scale = 1;
};

// The one function of the model that consumes PleKind.  Reference: Gemma3nTextModel.project_per_layer_inputs.
PerLayerRecipe RecipeOf(PleKind kind, const TextConfig& config);

// The dtype that such rows come in.
inline DType RowDType(PleKind kind, DType table_dtype) {
  return kind == PleKind::kFolded ? DType::kFloat32 : table_dtype;
}

}  // namespace plelab
