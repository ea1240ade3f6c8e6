// Decodes one new token per sequence on the CPU, without gradients and without allocating memory.  This is
// where decoding spends its time.
//
// Computes the same as TextForward, its oracle in the tests, in the reference's order of operations.
// Numerics: float32 between operations and inside products; weights and KV cache in their own dtype.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>

#include "model/base/dtype.h"
#include "model/ple/ple_source.h"
#include "model/text/decode/step_part.h"
#include "model/text/kv_cache.h"
#include "model/text/text_model.h"

namespace plelab {

class StepDecoder {
 public:
  // True when a decode step without autograd exists: the weights are on the CPU and there are at most
  // kMaxVectors sequences.
  static bool Supports(int64_t batch, torch::Device device);

  // Refers to the model's config, weights and layers, which must outlive the decoder, and copies its norms to
  // float32: after a change of the weights (training) a new decoder must be made.  `table_dtype` is the dtype
  // of the PLE rows.
  // Throws RunError when the configuration is not supported.
  StepDecoder(const TextModel& model, DType table_dtype, int64_t batch);
  StepDecoder(StepDecoder&&) noexcept;
  StepDecoder& operator=(StepDecoder&&) noexcept;
  ~StepDecoder();

  int64_t batch() const;
  // embeds [batch · hidden]: the scaled embeddings of the new tokens.
  // ple: a request for the same tokens.  Its rows are first used at the end of layer 0.
  // kv: advanced by one position.
  // logits: [batch · vocab].  When the span is empty, no logits are computed, and the layers after the last
  // one that makes keys are skipped.
  // observer: told where each part of the step ends.  May be nullptr.
  // Throws RunError when the cache is full or has another batch size, and whatever ple.Layer throws; kv is
  // then not advanced.
  void Run(std::span<const float> embeds, PleRequest& ple, KvCache& kv, std::span<float> logits,
           StepObserver* observer = nullptr);

  // For tests: computes every FFN unit of sparse layers, which changes no bit of the logits.
  void ComputeAllUnits(bool all);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
