// From token ids to the input of the first layer: text ids through the token embedding, hard image and audio
// ids through embedders of their own.
#pragma once

#include <torch/types.h>

#include <functional>
#include <optional>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/text/text_model.h"

namespace plelab {

// What images and audio clips put in place of their placeholders, in order of appearance over the batch.  An
// undefined tensor replaces nothing: the placeholder is then an ordinary hard token.
struct SoftTokens {
  torch::Tensor image;  // [n, hidden] float32
  torch::Tensor audio;  // [m, hidden] float32
};

// The soft tokens that belong to ids `from` … `to` − 1 of a prompt [T].
SoftTokens SoftTokensOf(const SoftTokens& all, const torch::Tensor& prompt, int64_t from, int64_t to,
                        const SpecialTokens& special);

// Throws UserError naming the first id of [B, T] (int64, CPU) that is outside [0, vocab), or that belongs to
// image or audio but lies past the end of that vocabulary.
void CheckIds(const torch::Tensor& ids, const Gemma3nConfig& config);

// Holds the two embedders and loads each when the first of its tokens appears.
class InputEmbedder {
 public:
  using Loader = std::function<EmbedderWeights()>;
  InputEmbedder(Loader load_vision, Loader load_audio);

  // ids [B, T] int64 on the CPU, already checked → [B, T, hidden] float32 on the weights' device.  Ids from
  // the vision offset up to the audio offset are image tokens, and those from the audio offset on are audio
  // tokens.  Placeholders are replaced by `soft` where it is defined; throws UserError when there are more or
  // fewer of them than soft tokens.  Reference: Gemma3nModel.forward.
  torch::Tensor Embed(const torch::Tensor& ids, const TextModel& text, const Gemma3nConfig& config,
                      const SoftTokens& soft = {});

  const EmbedderWeights& vision();
  const EmbedderWeights& audio();
  void ReleaseVision() { vision_.reset(); }
  void ReleaseAudio() { audio_.reset(); }
  int64_t vision_bytes() const;  // 0 until loaded
  int64_t audio_bytes() const;

 private:
  Loader load_vision_, load_audio_;
  std::optional<EmbedderWeights> vision_, audio_;
};

// Embeds the image or audio vocabulary in the text model's space: entries [...] int64 on the weights' device,
// each in [0, embedder's vocab), which are ids minus the vocabulary's offset → [..., hidden] float32.
// Reference: Gemma3nMultimodalEmbedder.
torch::Tensor EmbedHardTokens(const torch::Tensor& entries, const EmbedderWeights& w, double eps);
// features [..., tower hidden], the tower's output → [..., hidden] float32.
torch::Tensor EmbedSoftTokens(const torch::Tensor& features, const EmbedderWeights& w, double eps);

}  // namespace plelab
