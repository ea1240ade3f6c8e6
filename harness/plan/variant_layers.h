// Describes the layers that a variant runs, for /tables/variants.
#pragma once

#include "harness/record/record.h"
#include "model/checkpoint/config.h"
#include "model/text/layer_edit.h"
#include "model/text/layer_list.h"

namespace plelab {

// Adds to the row's options the entries that the figure of depth reads:
//   edit              the keys that the variant gives,
//   layers_run        "0-2+4-9",
//   stack_parameters  the parameters of the text stack that a token passes, without both embedding tables;
//                     a layer that runs twice counts twice.
void DescribeLayers(const LayerEdit& edit, const LayerList& layers, const Gemma3nConfig& model,
                    VariantRow& row);

}  // namespace plelab
