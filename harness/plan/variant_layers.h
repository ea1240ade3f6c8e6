// The layers that a variant runs, on the checkpoint that it is run on.
#pragma once

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "model/text/layer_list.h"

namespace plelab {

// Throws UserError with the variant's place and name where the checkpoint does not have what its edit needs.
LayerList LayersOf(const ExperimentConfig& config, const VariantConfig& variant, const TextConfig& text);

// Adds to the row's options what a figure of depth reads: `edit` (the keys that the variant gives),
// `layers_run` ("0-2+4-9") and `stack_parameters`, those of the text stack that a token passes, both
// embedding tables apart; a layer that runs twice counts twice.
void DescribeLayers(const LayerEdit& edit, const LayerList& layers, const Gemma3nConfig& model,
                    VariantRow& row);

}  // namespace plelab
