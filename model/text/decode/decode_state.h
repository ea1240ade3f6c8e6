// The state that a StepDecoder keeps between steps: scratch memory, norms in float32, rotary tables.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ops/matmul.h"
#include "model/ops/rope.h"
#include "model/text/decode/decode_ops.h"
#include "model/text/decode/scratch_arena.h"
#include "model/text/text_model.h"

namespace plelab {

// The weight vectors of one layer as float32; empty when the layer has none.
struct LayerVectors {
  std::vector<float> router_norm, output_scale, post_laurel_norm, q_norm, k_norm, input_norm,
      post_attention_norm, pre_feedforward_norm, post_feedforward_norm, post_per_layer_input_norm;
  double quantile = 0;  // the normal quantile of the activation sparsity; 0 for dense layers
};
LayerVectors MakeLayerVectors(const DecoderLayerWeights& w, const LayerSpec& spec);

// The rotary angles of single positions, computed in blocks of kBlock positions.
class RopeRows {
 public:
  RopeRows(const TextConfig& config, LayerType type) : config_(&config), type_(type) {}
  struct Row {
    const float* cos;
    const float* sin;
  };
  Row At(int64_t position);

 private:
  static constexpr int64_t kBlock = 1024;
  const TextConfig* config_;
  LayerType type_;
  int64_t start_ = -1;
  RopeTable table_;
};

// The activations of a step, [batch, …] each; their names are those of the reference.
struct DecodeScratch {
  DecodeScratch(const TextModel& model, int64_t batch);
  // Makes room for the scores of `positions` keys per head.
  void ReserveScores(int64_t heads, int64_t positions);

  ScratchArena arena;
  Streams streams, predictions;
  AltUpScratch altup;
  Rows normed, queries, keys, values, laurel_low, laurel, attended, attention, mixed, fed_forward, output;
  Rows projected;  // [batch, layers of the checkpoint · ple_dim]
  Rows per_layer_input, per_layer_gate, per_layer_output;
  MlpScratch mlp;
  std::vector<MatMulJob> jobs;      // the products with the embeddings
  std::vector<const float*> terms;  // terms of the final mean
  std::vector<float> mean_scales;
  ScratchArena score_arena;
  Rows scores;

 private:
  // Takes every buffer that lies in `arena` from `from`, which either only counts or has memory.  Both passes
  // share this one list.
  void TakeAll(const TextModel& model, int64_t batch, ScratchArena& from);
};

}  // namespace plelab
