// The mathematics of ple_contribution: turns what a layer's PLE branch added into figures, without files or a
// model.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// What one list position added to the streams for a text of n tokens, in order.
struct LayerAdditions {
  torch::Tensor added;                // [n, hidden] float32
  std::vector<double> relative_norm;  // [n] rms(added) / rms(the streams that it is added to)
  std::vector<double> cosine;         // [n] between added and each of those streams, averaged
  std::vector<double> row_to_projection;  // [n] ‖row · √ple_dim‖ / ‖norm(projection)‖ in the layer's input
};

// Tokens whose ids occur about equally often.
struct FrequencyBucket {
  std::string label;            // how often their ids occur in the text: "8-40", or "1"
  std::vector<int64_t> tokens;  // indices into ids, in order
};
// At most `most` buckets with about equally many tokens, the rarest ids first.  All tokens of an id are in
// one bucket.
std::vector<FrequencyBucket> FrequencyBuckets(std::span<const int64_t> ids, int64_t most);

// Splits the second moment Σ |added|² over tokens whose id occurs at least twice.  For each such token, gives
// its part in the numerators of
//   layer   what one vector for all tokens explains: the mean inner product of two different tokens,
//   token   what one vector per id explains: the mean inner product of two different occurrences of an id.
// A vector fitted to n tokens explains part of each by chance, but pairs of different tokens do not.
// Therefore Σ layer / Σ total is unbiased however rare the ids are, and may be slightly below 0.  Each entry
// is an infinitesimal jackknife value, so that resampling tokens gives the interval of the whole statistic.
// layer_error and token_error are |added − the mean of the other tokens (of the same id)|², the squared error
// of a prediction that has not seen the token.
struct SharedMoment {
  std::vector<int64_t> tokens;  // indices into ids
  std::vector<double> total, layer, token, layer_error, token_error;
};
// added is [n, hidden], ids are [n].
SharedMoment SharedMomentOf(const torch::Tensor& added, std::span<const int64_t> ids);

struct BootstrapPlan {
  int64_t resamples = 0;
  uint64_t seed = 0;
};
// All rows of /curves/ple_contribution for one list position.
std::vector<ContributionRow> ContributionRows(const std::string& variant, int64_t layer,
                                              const LayerAdditions& seen, std::span<const int64_t> ids,
                                              const BootstrapPlan& plan);

}  // namespace plelab
