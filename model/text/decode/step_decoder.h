// One new token per sequence on the CPU, without gradients and without allocating: what decoding spends its
// time in.
//
// The same model as TextForward, which is its oracle, in the reference's order.  Numerics: float32 between
// operations and inside products; weights and cache in their own dtype.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>

#include "model/base/dtype.h"
#include "model/ple/ple_source.h"
#include "model/text/kv_cache.h"
#include "model/text/text_model.h"

namespace plelab {

class StepDecoder {
 public:
  // True where there is a decode step without autograd: weights on the CPU, at most kMaxVectors sequences.
  static bool Supports(int64_t batch, torch::Device device);

  // Refers to the model's config, weights and layers, which must outlive it, and copies its norms to float32:
  // after a change of the weights (training) a new decoder is needed.  `table_dtype` is that of the PLE rows.
  // Throws RunError for what is not supported.
  StepDecoder(const TextModel& model, DType table_dtype, int64_t batch);
  StepDecoder(StepDecoder&&) noexcept;
  StepDecoder& operator=(StepDecoder&&) noexcept;
  ~StepDecoder();

  int64_t batch() const;
  // embeds [batch · hidden]: the scaled embeddings of the new tokens.
  // ple: begun with the same tokens; it is first asked for rows when layer 0 has done everything else.
  // kv: longer by one position afterwards.
  // logits: [batch · vocab].  When it is empty, none are computed, and the layers after the last one that
  // makes keys are left out.
  // Throws RunError when the cache is full or of another batch, and what ple.Layer throws; kv is not advanced
  // then.
  void Run(std::span<const float> embeds, PleRequest& ple, KvCache& kv, std::span<float> logits);

  // For tests: computes every FFN unit of sparse layers, which changes no bit of the logits.
  void ComputeAllUnits(bool all);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
