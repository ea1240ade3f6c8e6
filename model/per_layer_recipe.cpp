#include "model/per_layer_recipe.h"

#include <cmath>

#include "model/io/error.h"

namespace plelab {

PerLayerRecipe RecipeOf(PleKind kind, const TextConfig& config) {
  switch (kind) {
    case PleKind::kRows:
      return {.projection = true,
              .rows = true,
              .row_scale = std::sqrt(static_cast<double>(config.hidden_size_per_layer_input)),
              .scale = std::sqrt(0.5)};
    case PleKind::kFolded:
      return {.rows = true};
    case PleKind::kProjectionOnly:
      return {.projection = true};
    case PleKind::kBlockOff:
      return {.branch = false};
  }
  throw RunError("PLE: kind {} is not known", static_cast<int>(kind));
}

}  // namespace plelab
