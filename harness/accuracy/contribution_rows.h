// The mathematics of ple_contribution: from what a layer's PLE branch added to figures.  No file, no model.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// What one list position added to the streams while a text went by: n tokens, in order.
struct LayerAdditions {
  torch::Tensor added;                // [n, hidden] float32
  std::vector<double> relative_norm;  // [n] rms(added) / rms(the streams that it is added to)
  std::vector<double> cosine;         // [n] between added and each of those streams, their mean
  std::vector<double> row_to_projection;  // [n] ‖row · √ple_dim‖ / ‖norm(projection)‖ in the layer's input
};

// Tokens whose ids are about equally frequent.
struct FrequencyBucket {
  std::string label;            // occurrences of their ids in the text: "8-40", or "1"
  std::vector<int64_t> tokens;  // indices into ids, in order
};
// At most `most` buckets of about as many tokens each, the rarest first; all tokens of an id are in one.
std::vector<FrequencyBucket> FrequencyBuckets(std::span<const int64_t> ids, int64_t most);

// Of the second moment Σ |added|² of tokens whose id occurs twice or more: for each of them its part in the
// numerators of
//   layer   what one vector for all tokens explains: the mean inner product of two different tokens,
//   token   one vector per id: the mean inner product of two different occurrences of the same id.
// A vector that is fitted to n tokens explains some of each by chance; pairs of different tokens do not.  So
// Σ layer / Σ total is unbiased however rare the ids are, and may come out slightly below 0.  Each entry is
// an infinitesimal jackknife value: resampling tokens gives the interval of the whole statistic.
// layer_error, token_error: |added − the mean of the other tokens (of the same id)|², squared errors of a
// prediction that has not seen the token.
struct SharedMoment {
  std::vector<int64_t> tokens;  // indices into ids
  std::vector<double> total, layer, token, layer_error, token_error;
};
// added [n, hidden], ids [n].
SharedMoment SharedMomentOf(const torch::Tensor& added, std::span<const int64_t> ids);

struct BootstrapPlan {
  int64_t resamples = 0;
  uint64_t seed = 0;
};
// Every row of /curves/ple_contribution of one list position.
std::vector<ContributionRow> ContributionRows(const std::string& variant, int64_t layer,
                                              const LayerAdditions& seen, std::span<const int64_t> ids,
                                              const BootstrapPlan& plan);

}  // namespace plelab
