// The operations of a decode step: those of the layers, on float32 vectors in scratch memory, one vector per
// sequence.
//
// Each computes on vectors what its namesake of the autograd forward (ops, altup, attention, mlp) computes on
// tensors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/text/decode/scratch_arena.h"
#include "model/text/kv_cache.h"
#include "model/text/layer_list.h"

namespace plelab {

// The largest number of AltUp streams that a decode step supports.
inline constexpr int64_t kMaxStreams = 8;

// A small vector of weights as float32; empty when the tensor is undefined.
std::vector<float> ToFloats(const torch::Tensor& vector);

// y = RmsNorm(x), row by row.  An empty weight means a norm without scale.  y may be x.
void NormRows(const Rows& x, std::span<const float> weight, double eps, const Rows& y);
// y = a + b, element by element.  y may be a or b.
void AddRows(const Rows& a, const Rows& b, const Rows& y);
// Scales each row of x to the root mean square of the same row of target.  Reference:
// Gemma3nTextModel.forward.
void MatchMagnitude(const Rows& target, const Rows& x);
// x [·, head_dim]: rotates each pair (x[i], x[i + head_dim / 2]); cos and sin [head_dim / 2].
void RotateRows(const Rows& x, const float* cos, const float* sin);

// The AltUp streams, [batch, hidden] each.
using Streams = std::vector<Rows>;
struct AltUpScratch {
  Rows normed;      // [batch, hidden]
  Rows modalities;  // [batch, n]
  Rows coefs;       // [batch, n · n]
};
void PredictStreams(const Streams& streams, const AltUpWeights& w, std::span<const float> router_norm,
                    const TextConfig& c, const AltUpScratch& scratch, const Streams& predictions);
// Overwrites `activated`.
void CorrectStreams(const Streams& predictions, const Rows& activated, const AltUpWeights& w,
                    std::span<const float> router_norm, const TextConfig& c, const AltUpScratch& scratch,
                    const Streams& corrected);

// Attention of the queries [batch, heads · head_dim] of `position` over the cached keys and values of
// layer-list entry `donor`, which must contain this position already.  scores must have room for [batch ·
// heads, positions seen].
void AttendOne(const Rows& queries, const KvCache& kv, int64_t donor, LayerType type, int64_t position,
               const TextConfig& c, const Rows& scores, const Rows& out);

// Scratch of DecodeMlp.  gate and up must have room for [batch, FFN width of the checkpoint].
struct MlpScratch {
  Rows gate, up;
  std::vector<int32_t> active;  // must have capacity for the FFN width
  // For tests: sparse layers compute every unit, which changes no bit of the result.
  bool all_units = false;
};
// x [batch, hidden] → out [batch, hidden].
void DecodeMlp(const Rows& x, const MlpWeights& w, const LayerSpec& spec, double quantile,
               MlpScratch& scratch, const Rows& out);

}  // namespace plelab
