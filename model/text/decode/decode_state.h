// What a StepDecoder keeps from step to step: scratch, float32 norms, rotary tables.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ops/matmul.h"
#include "model/ops/rope.h"
#include "model/text/decode/decode_ops.h"
#include "model/text/decode/scratch_arena.h"
#include "model/text/text_model.h"

namespace plelab {

// The vectors of one layer as float32; empty where the layer has none.
struct LayerVectors {
  std::vector<float> router_norm, output_scale, post_laurel_norm, q_norm, k_norm, input_norm,
      post_attention_norm, pre_feedforward_norm, post_feedforward_norm, post_per_layer_input_norm;
  double quantile = 0;  // of the activation sparsity
};
LayerVectors MakeLayerVectors(const DecoderLayerWeights& w, const LayerSpec& spec);

// Angles of single positions, made in blocks.
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

// Activations [batch, …]; names are those of the reference.
struct DecodeScratch {
  DecodeScratch(const TextModel& model, int64_t batch);
  // Scores for `positions` keys a head.
  void ReserveScores(int64_t heads, int64_t positions);

  ScratchArena arena;
  Streams streams, predictions;
  AltUpScratch altup;
  Rows normed, queries, keys, values, laurel_low, laurel, attended, attention, mixed, fed_forward, output;
  Rows projected;  // [batch, layers of the checkpoint · ple_dim]
  Rows per_layer_input, per_layer_gate, per_layer_output;
  MlpScratch mlp;
  std::vector<MatMulJob> jobs;      // of the embeddings
  std::vector<const float*> terms;  // of the final mean
  std::vector<float> mean_scales;
  ScratchArena score_arena;
  Rows scores;

 private:
  // The one list of what lies in `arena`: takes each of an arena that counts, or of one that has memory.
  void TakeAll(const TextModel& model, int64_t batch, ScratchArena& from);
};

}  // namespace plelab
