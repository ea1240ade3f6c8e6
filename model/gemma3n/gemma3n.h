// The whole model as one class, which the harness and the command line use.
#pragma once

#include <torch/types.h>

#include <memory>
#include <optional>
#include <span>

#include "model/catalog/load_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/gemma3n/input_embedder.h"
#include "model/media/media_input.h"
#include "model/ple/ple_source.h"
#include "model/text/decode/step_part.h"
#include "model/text/kv_cache.h"
#include "model/text/layer_list.h"
#include "model/text/text_model.h"

namespace plelab {

// Bytes of weights by purpose, as `memory by kind` shows them.
struct WeightBytes {
  int64_t token_embedding = 0;  // with the head, where it is not tied
  int64_t text_stack = 0;       // without both embedding tables
  int64_t vision = 0;           // embedder and tower; 0 until first used
  int64_t audio = 0;
};

class Gemma3n {
 public:
  // Loads the text stack.  The PLE table stays where a PleSource has it; the vision and audio towers load on
  // first use.  Keeps `checkpoint`.  Throws as LoadTextWeights does.
  static Gemma3n Load(std::shared_ptr<const Checkpoint> checkpoint, const LoadOptions& options);

  const Gemma3nConfig& config() const;
  DType dtype() const;
  torch::Device device() const;
  // Sets which layers run from now on, using the loaded weights: an edit (model/text/layer_edit.h) or
  // DefaultLayers, which is the initial list.  A cache is valid only for the list that it was made for.
  // Throws as CheckLayers does.
  void UseLayers(LayerList layers);
  const LayerList& layers() const;
  // The dtype of the caches that MakeKvCache makes from now on; at first it is dtype().  Throws as
  // RequireCacheDType does.
  void UseCacheDType(DType dtype);
  DType cache_dtype() const;
  // Whether Forward computes all layers for all tokens from now on, as engines do that skip nothing.  At
  // first it stops, for tokens whose logits are not wanted, after the last layer that makes keys and values.
  void ComputeWholePrompts(bool whole);
  // chunk ≤ 0 selects a default that keeps the ring small (512).
  KvCache MakeKvCache(int64_t batch, int64_t capacity, int64_t chunk = 0) const;

  // ids are [B, T] int64 on the CPU and include hard image and audio ids; `ple` was begun with the same ids,
  // flattened. kv may be nullptr for a full pass without a cache.  A prompt longer than kv->chunk() is
  // processed in pieces.  No gradient.  Returns float32 logits [B, T, vocab] (kAll), [B, 1, vocab] (kLast) or
  // an undefined tensor (kNone).
  // `soft` replaces the image and audio placeholders among ids, and nothing else.  PLE rows are looked up by
  // id alone, so placeholders past the end of the table read row 0.  Throws UserError for an id outside [0,
  // vocab), naming its position, and when there are more or fewer placeholders than soft tokens.
  torch::Tensor Forward(const torch::Tensor& ids, KvCache* kv, PleRequest& ple, LogitsWanted wanted,
                        const SoftTokens& soft = {});
  // Sets who observes Forward from now on.  May be nullptr: then nobody observes.  `observer` must outlive
  // its use here.
  void Observe(PleObserver* observer);
  // Processes one new token per sequence: ids [B] → float32 logits [B, vocab].  `observer` is told where each
  // part of the step ends, unless the step is a full forward pass (StepDecoder::Supports).  May be nullptr.
  torch::Tensor DecodeStep(std::span<const int64_t> ids, KvCache& kv, PleRequest& ple,
                           const SoftTokens& soft = {}, StepObserver* observer = nullptr);

  // The soft tokens of images and audio clips.  The first use of a modality loads its tower and embedder.  No
  // gradient.  Throws UserError when the checkpoint lacks the tower.
  // pixels [n, 3, h, w] → [n · soft tokens, hidden] float32.
  torch::Tensor EncodeImages(const torch::Tensor& pixels);
  // mel [m, frames, bins] and mask [m, frames] → [m · soft tokens, hidden] float32.
  torch::Tensor EncodeClips(const torch::Tensor& mel, const torch::Tensor& mask);
  SoftTokens Encode(const MediaInput& media);
  // Loads what Encode(media) will need, so that timing Encode does not include loading.
  void LoadTowersFor(const MediaInput& media);
  // Frees the tower and its embedder, which the next use loads again.
  void ReleaseVision();
  void ReleaseAudio();

  WeightBytes weight_bytes() const;
  // Bytes that one decode step at `position` must read: weights after sparsity, the head, keys and values,
  // but no PLE rows.  `ple`: what the step's PLE request gives; the weights that it makes idle are not
  // counted.
  int64_t DecodeStepBytes(int64_t position, PleKind ple = PleKind::kRows) const;
  // The same by part of the step.
  ByStepPart<int64_t> DecodeStepBytesByPart(int64_t position, PleKind ple = PleKind::kRows) const;

  struct Impl;
  explicit Gemma3n(std::unique_ptr<Impl> impl);
  Gemma3n(Gemma3n&&) noexcept;
  Gemma3n& operator=(Gemma3n&&) noexcept;
  ~Gemma3n();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
