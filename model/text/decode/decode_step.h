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

class DecodeStep {
 public:
  // What a decode step can do: weights on the CPU, at most kMaxVectors sequences.
  static bool Supports(int64_t batch, torch::Device device);

  // Refers to the model's config, weights and layers, which must outlive it, and copies its norms to float32:
  // weights that change (training) want a new one.  table_dtype: of the PLE rows.  Throws RunError for what
  // is not supported.
  DecodeStep(const TextModel& model, DType table_dtype, int64_t batch);
  DecodeStep(DecodeStep&&) noexcept;
  DecodeStep& operator=(DecodeStep&&) noexcept;
  ~DecodeStep();

  int64_t batch() const;
  // embeds [batch · hidden]: scaled embeddings of the new tokens; `ple` was begun with the same tokens and is
  // first asked for rows when layer 0 has done everything else.  kv is longer by one position afterwards.
  // logits [batch · vocab], or empty: none wanted, and the layers after the last that makes keys are left
  // out. Throws RunError when the cache is full or of another batch, and what ple.Layer throws (kv is not
  // advanced then).
  void Run(std::span<const float> embeds, PleRequest& ple, KvCache& kv, std::span<float> logits);

  // Tests: compute every FFN unit of sparse layers; changes no bit of the logits.
  void ComputeAllUnits(bool all);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
