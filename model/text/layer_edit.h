// A model of other depth, order or width as an edit of its layer list: skipped, repeated, reordered layers,
// narrower FFNs, and MatFormer slices, which are both.  Weights are loaded once, edits differ in their list.
#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/text/layer_list.h"

namespace plelab {

// Of a layer's FFN: the first units stay, which is what MatFormer training nests.
struct FfnWidth {
  double share = 1;   // in (0, 1], of the layer's own width
  int64_t units = 0;  // above 0: this many, instead of a share
  bool operator==(const FfnWidth&) const = default;
};

// Layers are those of the checkpoint, counted from 0; each keeps its own PLE slice wherever it runs.
struct LayerEdit {
  std::vector<int64_t> skip = {};    // not run
  std::vector<int64_t> repeat = {};  // neighbours, run as a block (4 5 6 4 5 6) …
  int64_t times = 2;                 // … so many times in all
  std::vector<int64_t> order = {};   // the layers that run, in this order; one may come twice
  std::vector<FfnWidth> ffn = {};    // none: full; one: of every layer; else one for each layer
  bool operator==(const LayerEdit&) const = default;
  bool empty() const { return *this == LayerEdit{}; }
};

// The published way from E4B to E2B: {.skip = {20, 21, 22, 23, 24}, .ffn = {{.share = 0.5}}}, that is the
// first five layers that share keys left out, and half of every FFN; the slices of the PLE table and of
// per_layer_model_projection go with their layers.

// What can be said without a checkpoint.  Throws UserError naming the key: `order` beside `skip` or `repeat`,
// which it says already, a layer skipped twice, repeated layers that are no neighbours or are skipped.
void CheckLayerEdit(const LayerEdit& edit);

// The list that the edit makes of a checkpoint's layers, accepted by CheckLayers.  Throws UserError naming
// the key for a layer that is not there, FFN widths that are not one per layer or too wide, no layer left,
// and as MendDonors.
LayerList EditLayers(const LayerEdit& edit, const TextConfig& config);

// Gives every position its kv_donor.  A layer with key weights makes keys of its own at each position where
// it runs, repeated or not; a layer that shares reads the last position before it that makes keys of its
// type.  In the checkpoint's own order these are its own donors.  Throws UserError naming the layer where no
// such position is left, and those that could be it.
void MendDonors(LayerList& layers, const TextConfig& config);

// The config of the model that `layers` is: counts of its parameters hold for every list (a layer that runs
// twice counts twice), and it can be loaded where the layers that share keys come last, as in every slice.
TextConfig ConfigOf(const LayerList& layers, const TextConfig& config);

}  // namespace plelab
