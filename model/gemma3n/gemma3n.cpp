#include "model/gemma3n/gemma3n.h"

#include <utility>

#include "model/gemma3n/input_embedder.h"
#include "model/gemma3n/media_encoder.h"
#include "model/text/decode/step_bytes.h"
#include "model/text/decode/step_decoder.h"
#include "model/text/text_model.h"

namespace plelab {
namespace {

constexpr int64_t kDefaultChunk = 512;

}  // namespace

struct Gemma3n::Impl {
  std::shared_ptr<const Checkpoint> checkpoint;
  LoadOptions options;
  TextWeights weights;
  LayerList layers;
  InputEmbedder embedder;
  MediaEncoder media;
  DType table_dtype, cache_dtype;
  std::optional<StepDecoder> step_decoder;  // for the last batch size; refers to the members above
  PleObserver* observer = nullptr;
  bool whole_prompts = false;

  const Gemma3nConfig& config() const { return checkpoint->config(); }
  TextModel text() const { return {config().text, weights, layers, config().pad_token_id}; }
  StepDecoder& DecoderFor(int64_t batch) {
    if (!step_decoder || step_decoder->batch() != batch) step_decoder.emplace(text(), table_dtype, batch);
    return *step_decoder;
  }
  PleRows Rows(PleRequest& request, int64_t batch) const {
    return PleRows::FromRequest(request, table_dtype, batch, config().text.hidden_size_per_layer_input,
                                options.device);
  }
};

Gemma3n Gemma3n::Load(std::shared_ptr<const Checkpoint> checkpoint, const LoadOptions& options) {
  TextWeights weights = LoadTextWeights(*checkpoint, options);
  LayerList layers = DefaultLayers(checkpoint->config().text);
  LoadOptions quiet = options;
  quiet.progress = nullptr;
  InputEmbedder embedder([checkpoint, quiet] { return LoadVisionEmbedder(*checkpoint, quiet); },
                         [checkpoint, quiet] { return LoadAudioEmbedder(*checkpoint, quiet); });
  MediaEncoder media(checkpoint, quiet);
  const DType table_dtype = checkpoint->ple_table().geometry.dtype;
  return Gemma3n(std::unique_ptr<Impl>(new Impl{std::move(checkpoint), options, std::move(weights),
                                                std::move(layers), std::move(embedder), std::move(media),
                                                table_dtype, options.dtype, std::nullopt, nullptr}));
}

Gemma3n::Gemma3n(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gemma3n::Gemma3n(Gemma3n&&) noexcept = default;
Gemma3n& Gemma3n::operator=(Gemma3n&&) noexcept = default;
Gemma3n::~Gemma3n() = default;

const Gemma3nConfig& Gemma3n::config() const { return impl_->config(); }
DType Gemma3n::dtype() const { return impl_->options.dtype; }
torch::Device Gemma3n::device() const { return impl_->options.device; }

void Gemma3n::UseLayers(LayerList layers) {
  CheckLayers(layers, config().text);
  impl_->step_decoder.reset();  // holds scratch and norms of the old list
  impl_->layers = std::move(layers);
}

const LayerList& Gemma3n::layers() const { return impl_->layers; }

void Gemma3n::UseCacheDType(DType dtype) {
  RequireCacheDType(dtype, device());
  impl_->cache_dtype = dtype;
}

void Gemma3n::ComputeWholePrompts(bool whole) { impl_->whole_prompts = whole; }

DType Gemma3n::cache_dtype() const { return impl_->cache_dtype; }

KvCache Gemma3n::MakeKvCache(int64_t batch, int64_t capacity, int64_t chunk) const {
  return KvCache(config().text, impl_->layers, batch, capacity, chunk > 0 ? chunk : kDefaultChunk,
                 impl_->cache_dtype, device());
}

torch::Tensor Gemma3n::Forward(const torch::Tensor& ids, KvCache* kv, PleRequest& ple, LogitsWanted wanted,
                               const SoftTokens& soft) {
  const at::NoGradGuard no_grad;
  CheckIds(ids, config());
  TextModel text = impl_->text();
  text.observer = impl_->observer;
  text.whole_prompts = impl_->whole_prompts;
  const torch::Tensor embeds = impl_->embedder.Embed(ids, text, config(), soft);
  return TextForward(text, embeds, impl_->Rows(ple, ids.size(0)), kv, wanted);
}

void Gemma3n::Observe(PleObserver* observer) { impl_->observer = observer; }

torch::Tensor Gemma3n::DecodeStep(std::span<const int64_t> ids, KvCache& kv, PleRequest& ple,
                                  const SoftTokens& soft, StepObserver* observer) {
  const at::NoGradGuard no_grad;
  const auto batch = static_cast<int64_t>(ids.size());
  const torch::Tensor column = torch::tensor(c10::ArrayRef<int64_t>(ids.data(), ids.size())).view({batch, 1});
  if (!StepDecoder::Supports(batch, device())) {
    return Forward(column, &kv, ple, LogitsWanted::kLast, soft).squeeze(1);
  }
  CheckIds(column, config());
  StepDecoder& decoder = impl_->DecoderFor(batch);
  const torch::Tensor embeds = impl_->embedder.Embed(column, impl_->text(), config(), soft).contiguous();
  torch::Tensor logits = torch::empty({batch, config().text.vocab_size});
  const auto size = [](const torch::Tensor& t) { return static_cast<size_t>(t.numel()); };
  decoder.Run({embeds.const_data_ptr<float>(), size(embeds)}, ple, kv,
              {logits.mutable_data_ptr<float>(), size(logits)}, observer);
  return logits;
}

torch::Tensor Gemma3n::EncodeImages(const torch::Tensor& pixels) {
  const at::NoGradGuard no_grad;
  return impl_->media.Images(pixels, impl_->embedder).flatten(0, 1);
}

torch::Tensor Gemma3n::EncodeClips(const torch::Tensor& mel, const torch::Tensor& mask) {
  const at::NoGradGuard no_grad;
  return impl_->media.Clips(mel, mask, impl_->embedder).flatten(0, 1);
}

SoftTokens Gemma3n::Encode(const MediaInput& media) {
  SoftTokens soft;
  if (media.pixels.defined()) soft.image = EncodeImages(media.pixels);
  if (media.mel.defined()) soft.audio = EncodeClips(media.mel, media.mel_mask);
  return soft;
}

void Gemma3n::LoadTowersFor(const MediaInput& media) {
  if (media.pixels.defined()) {
    impl_->media.vision();
    impl_->embedder.vision();
  }
  if (media.mel.defined()) {
    impl_->media.audio();
    impl_->embedder.audio();
  }
}

void Gemma3n::ReleaseVision() {
  impl_->media.ReleaseVision();
  impl_->embedder.ReleaseVision();
}

void Gemma3n::ReleaseAudio() {
  impl_->media.ReleaseAudio();
  impl_->embedder.ReleaseAudio();
}

WeightBytes Gemma3n::weight_bytes() const {
  WeightBytes bytes;
  bytes.token_embedding = impl_->weights.embed_tokens.nbytes() + impl_->weights.lm_head.nbytes();
  bytes.text_stack = TextStackBytes(config().text, impl_->weights);
  bytes.vision = impl_->embedder.vision_bytes() + impl_->media.vision_bytes();
  bytes.audio = impl_->embedder.audio_bytes() + impl_->media.audio_bytes();
  return bytes;
}

int64_t Gemma3n::DecodeStepBytes(int64_t position, PleKind ple) const {
  return StepBytes(impl_->text(), impl_->cache_dtype, position, ple);
}

ByStepPart<int64_t> Gemma3n::DecodeStepBytesByPart(int64_t position, PleKind ple) const {
  return StepBytesByPart(impl_->text(), impl_->cache_dtype, position, ple);
}

}  // namespace plelab
