// The whole model behind one door: what the harness and the command line use.
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
#include "model/text/kv_cache.h"
#include "model/text/layer_list.h"
#include "model/text/text_model.h"

namespace plelab {

// Bytes of weights by what they are for: what `memory by kind` shows.
struct WeightBytes {
  int64_t token_embedding = 0;
  int64_t text_stack = 0;  // without both embedding tables
  int64_t vision = 0;      // embedder and tower, 0 until first used
  int64_t audio = 0;
};

class Gemma3n {
 public:
  // Loads the text stack; the PLE table stays where a PleSource has it; vision and audio load on first use.
  // `checkpoint` is kept.  Throws as LoadTextWeights.
  static Gemma3n Load(std::shared_ptr<const Checkpoint> checkpoint, const LoadOptions& options);

  const Gemma3nConfig& config() const;
  DType dtype() const;
  torch::Device device() const;
  // Which layers run from now on, on the weights that are loaded: an edit (model/layer_edit.h), or
  // DefaultLayers, which it starts with.  Caches belong to the list that they were made for.  Throws as
  // CheckLayers.
  void UseLayers(LayerList layers);
  const LayerList& layers() const;
  // chunk ≤ 0: a default that keeps the ring small (512).
  KvCache MakeKvCache(int64_t batch, int64_t capacity, int64_t chunk = 0) const;

  // ids [B, T] int64 on the CPU, hard image and audio ids included; `ple` was begun with the same ids,
  // flattened. kv may be null: no cache (a full pass).  A prompt longer than kv->chunk() goes in pieces.  No
  // gradient. Returns float32 logits [B, T, vocab] (kAll), [B, 1, vocab] (kLast) or an undefined tensor
  // (kNone). `soft` takes the places of the image and audio placeholders among ids, and of no others; PLE
  // rows go by id alone, so that placeholders past the table read row 0. Throws UserError for an id outside
  // [0, vocab), naming its position, and for placeholders that are more or fewer than soft tokens.
  torch::Tensor Forward(const torch::Tensor& ids, KvCache* kv, PleRequest& ple, LogitsWanted wanted,
                        const SoftTokens& soft = {});
  // What Forward shows from now on; null: nothing to nobody.  `observer` must outlive its use here.
  void Observe(PleObserver* observer);
  // One new token per sequence: ids [B].  Returns float32 logits [B, vocab].
  torch::Tensor DecodeStep(std::span<const int64_t> ids, KvCache& kv, PleRequest& ple,
                           const SoftTokens& soft = {});

  // Soft tokens of what a prompt shows.  Loads a tower and its embedder on first use, for the modalities that
  // `media` has.  No gradient.  Throws UserError where the checkpoint lacks the tower.
  torch::Tensor EncodeImages(
      const torch::Tensor& pixels);  // [n, 3, h, w] → [n · soft tokens, hidden] float32
  torch::Tensor EncodeClips(const torch::Tensor& mel,
                            const torch::Tensor& mask);  // [m · soft tokens, hidden]
  SoftTokens Encode(const MediaInput& media);
  // Loads what Encode(media) will need, so that a clock around it sees no loading.
  void LoadTowersFor(const MediaInput& media);
  // Frees the tower and its embedder; used again, they are loaded again.
  void ReleaseVision();
  void ReleaseAudio();

  WeightBytes weight_bytes() const;
  // Bytes that one decode step at `position` must read: weights after sparsity, tied embedding, keys and
  // values; no PLE rows.
  int64_t DecodeStepBytes(int64_t position) const;

  struct Impl;
  explicit Gemma3n(std::unique_ptr<Impl> impl);
  Gemma3n(Gemma3n&&) noexcept;
  Gemma3n& operator=(Gemma3n&&) noexcept;
  ~Gemma3n();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
