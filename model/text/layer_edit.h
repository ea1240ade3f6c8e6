// A model of another depth, order or width, described as an edit of the layer list: layers skipped, repeated
// or reordered, narrower FFNs, and MatFormer slices, which combine skipped layers with narrower FFNs.  The
// weights are loaded once; edits differ only in their lists.
#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/text/layer_list.h"

namespace plelab {

// How much of a layer's FFN is used.  The first units are kept, because MatFormer training nests them.
struct FfnWidth {
  double share = 1;   // of the layer's own width, in (0, 1]
  int64_t units = 0;  // if above 0: this many units instead of a share
  bool operator==(const FfnWidth&) const = default;
};

// Layers are numbered from 0 as in the checkpoint.  Each keeps its own PLE slice wherever it runs.
struct LayerEdit {
  std::vector<int64_t> skip = {};    // layers not run
  std::vector<int64_t> repeat = {};  // consecutive layers, run as a block (4 5 6 4 5 6) …
  int64_t times = 2;                 // … this many times in all
  std::vector<int64_t> order = {};   // the layers that run, in this order, possibly more than once
  std::vector<FfnWidth> ffn = {};    // empty: full width; one entry: for every layer; else one per layer
  bool operator==(const LayerEdit&) const = default;
  bool empty() const { return *this == LayerEdit{}; }
};

// The published way from E4B to E2B is {.skip = {20, 21, 22, 23, 24}, .ffn = {{.share = 0.5}}}: the first
// five KV-sharing layers are left out and every FFN is halved.  The slices of the PLE table and of
// per_layer_model_projection go with their layers.

// Checks all that does not depend on a checkpoint.  Throws UserError naming the key when `order` stands
// beside `skip` or `repeat` (it already says what they would), a layer is skipped twice, or repeated layers
// are not consecutive or are skipped.
void CheckLayerEdit(const LayerEdit& edit);

// The list that the edit makes of a checkpoint's layers; it passes CheckLayers.  Throws UserError naming the
// key for a layer that does not exist, FFN widths that are not one per layer or are too wide, and an edit
// that leaves no layer, and as MendDonors does.
LayerList EditLayers(const LayerEdit& edit, const TextConfig& config);

// Gives every position its kv_donor.  A layer with key weights makes keys of its own at each position where
// it runs, repeated or not.  A KV-sharing layer reads the last position before it that makes keys of its
// type; in the checkpoint's own order these are its own donors.  Throws UserError when no such position is
// left, naming the layer and those that could be its donor.
void MendDonors(LayerList& layers, const TextConfig& config);

// The config of the model that `layers` describes.  Parameter counts hold for every list (a layer that runs
// twice counts twice).  The config can be loaded if the KV-sharing layers come last, as they do in every
// slice.
TextConfig ConfigOf(const LayerList& layers, const TextConfig& config);

}  // namespace plelab
