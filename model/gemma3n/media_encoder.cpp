#include "model/gemma3n/media_encoder.h"

#include <utility>

#include "model/base/error.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/gemma3n/input_embedder.h"

namespace plelab {
namespace {

int64_t Bytes(const std::vector<TensorSpec>& specs, DType dtype) {
  int64_t elements = 0;
  for (const TensorSpec& spec : specs) elements += spec.elements();
  return elements * SizeOf(dtype);
}

}  // namespace

torch::Tensor EmbedImages(const torch::Tensor& pixels, const VisionWeights& tower,
                          const EmbedderWeights& joint, const VisionConfig& config) {
  return EmbedSoftTokens(EncodeImages(pixels, tower, config), joint, config.rms_norm_eps);
}

torch::Tensor EmbedClips(const torch::Tensor& mel, const torch::Tensor& mask, const AudioWeights& tower,
                         const EmbedderWeights& joint, const Gemma3nConfig& model) {
  const AudioConfig& config = *model.audio;
  const AudioEncoding encoding = EncodeAudio(mel, mask, tower, config);
  const int64_t places = model.special.audio_soft_tokens_per_image;
  const int64_t clips = encoding.features.size(0), frames = encoding.features.size(1);
  if (frames > places) {
    throw UserError("audio: {} encoded frames, at most {} expected; the clip is longer than the model hears",
                    frames, places);
  }
  const torch::Device device = joint.embedding.device();
  const torch::Tensor last = torch::full({1}, config.vocab_size - 1, torch::kInt64).to(device);
  const torch::Tensor nothing = EmbedHardTokens(last, joint, config.rms_norm_eps);  // [1, hidden]
  torch::Tensor soft = nothing.expand({clips, places, nothing.size(-1)}).clone();
  const torch::Tensor heard = EmbedSoftTokens(encoding.features, joint, config.rms_norm_eps);
  const torch::Tensor masked = encoding.mask.to(device).unsqueeze(-1);
  soft.narrow(1, 0, frames).copy_(torch::where(masked, nothing, heard));
  return soft;
}

MediaEncoder::MediaEncoder(std::shared_ptr<const Checkpoint> checkpoint, const LoadOptions& options)
    : checkpoint_(std::move(checkpoint)), options_(options) {}

torch::Tensor MediaEncoder::Images(const torch::Tensor& pixels, InputEmbedder& embedder) {
  const VisionWeights& tower = vision();
  return EmbedImages(pixels.to(options_.device), tower, embedder.vision(), *checkpoint_->config().vision);
}

torch::Tensor MediaEncoder::Clips(const torch::Tensor& mel, const torch::Tensor& mask,
                                  InputEmbedder& embedder) {
  const AudioWeights& tower = audio();
  return EmbedClips(mel.to(options_.device), mask, tower, embedder.audio(), checkpoint_->config());
}

const VisionWeights& MediaEncoder::vision() {
  if (!vision_) vision_ = LoadVisionTower(*checkpoint_, options_);
  return *vision_;
}

const AudioWeights& MediaEncoder::audio() {
  if (!audio_) audio_ = LoadAudioTower(*checkpoint_, options_);
  return *audio_;
}

int64_t MediaEncoder::vision_bytes() const {
  return vision_ ? Bytes(VisionTowerTensors(*checkpoint_->config().vision), options_.dtype) : 0;
}

int64_t MediaEncoder::audio_bytes() const {
  return audio_ ? Bytes(AudioTowerTensors(*checkpoint_->config().audio), options_.dtype) : 0;
}

}  // namespace plelab
