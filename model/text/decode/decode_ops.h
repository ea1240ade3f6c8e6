// What a decode step is made of: the layers' operations on float32 vectors, one per sequence, in scratch.
//
// Each says in its own words what its namesake of the autograd forward (ops, altup, attention, mlp) says in
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

// The most AltUp inputs that a decode step can mix.
inline constexpr int64_t kMaxStreams = 8;

// A small vector of weights as float32; empty where undefined.
std::vector<float> ToFloats(const torch::Tensor& vector);

// y = RmsNorm(x), row by row; an empty weight is a norm without scale.  In place where y is x.
void NormRows(const Rows& x, std::span<const float> weight, double eps, const Rows& y);
// y = a + b, everywhere.  In place where y is one of them.
void AddRows(const Rows& a, const Rows& b, const Rows& y);
// Gives each row of x the root mean square of target's.  Reference: Gemma3nTextModel.forward.
void MatchMagnitude(const Rows& target, const Rows& x);
// x [·, head_dim]: rotates each pair (x[i], x[i + head_dim / 2]); cos and sin [head_dim / 2].
void RotateRows(const Rows& x, const float* cos, const float* sin);

// AltUp.  A stream is [batch, hidden].
using Streams = std::vector<Rows>;
struct AltUpScratch {
  Rows normed;      // [batch, hidden]
  Rows modalities;  // [batch, n]
  Rows coefs;       // [batch, n · n]
};
void PredictStreams(const Streams& streams, const AltUpWeights& w, std::span<const float> router_norm,
                    const TextConfig& c, const AltUpScratch& scratch, const Streams& predictions);
// activated is overwritten.
void CorrectStreams(const Streams& predictions, const Rows& activated, const AltUpWeights& w,
                    std::span<const float> router_norm, const TextConfig& c, const AltUpScratch& scratch,
                    const Streams& corrected);

// Puts this position's keys or values [batch, kv_heads · head_dim] into their slot of `ring` [B, kv_heads,
// slots, head_dim], rounded to its dtype.
void WriteSlot(const torch::Tensor& ring, int64_t position, const Rows& made);
// queries [batch, heads · head_dim] of `position` over the keys and values of list position `donor`, which
// hold it already.  scores: [batch · heads, positions seen] at least.
void AttendOne(const Rows& queries, const KvCache& kv, int64_t donor, LayerType type, int64_t position,
               const TextConfig& c, const Rows& scores, const Rows& out);

// x [batch, hidden] → out [batch, hidden].  gate and up: [batch, FFN width of the checkpoint] at least.
struct MlpScratch {
  Rows gate, up;
  std::vector<int32_t> active;  // with room for the FFN width
  bool all_units = false;       // tests: sparse layers compute every unit; the result is the same bit for bit
};
void DecodeMlp(const Rows& x, const MlpWeights& w, const LayerSpec& spec, double quantile,
               MlpScratch& scratch, const Rows& out);

}  // namespace plelab
