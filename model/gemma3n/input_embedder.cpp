#include "model/gemma3n/input_embedder.h"

#include <limits>
#include <utility>

#include "model/base/error.h"
#include "model/ops/ops.h"
#include "model/text/text_model.h"

namespace plelab {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

int64_t VisionOffset(const Gemma3nConfig& c) { return c.vision ? c.vision->vocab_offset : kNever; }
int64_t AudioOffset(const Gemma3nConfig& c) { return c.audio ? c.audio->vocab_offset : kNever; }
bool IsAudio(int64_t id, const Gemma3nConfig& c) { return id >= AudioOffset(c); }
bool IsVision(int64_t id, const Gemma3nConfig& c) { return id >= VisionOffset(c) && !IsAudio(id, c); }

// One past the last id that has an embedding of the same kind as `id`.
int64_t EndOfKind(int64_t id, const Gemma3nConfig& c) {
  if (IsAudio(id, c)) return c.audio->vocab_offset + c.audio->vocab_size;
  if (IsVision(id, c)) return c.vision->vocab_offset + c.vision->vocab_size;
  return c.text.vocab_size;
}

// Replaces embeds [B, T, hidden] where mask [B, T] is true.  Only those rows are computed.
void PutTokens(torch::Tensor& embeds, const torch::Tensor& ids, const torch::Tensor& mask, int64_t offset,
               const EmbedderWeights& w, double eps) {
  const torch::Tensor entries = (ids.masked_select(mask) - offset).to(embeds.device());
  embeds.index_put_({mask.to(embeds.device())}, EmbedHardTokens(entries, w, eps));
}

// Puts soft tokens [n, hidden] in the places where ids [B, T] equal the placeholder.
void PutSoftTokens(torch::Tensor& embeds, const torch::Tensor& ids, int64_t placeholder,
                   const torch::Tensor& soft, const char* what) {
  if (!soft.defined()) return;
  const torch::Tensor mask = ids.eq(placeholder);
  const int64_t places = mask.sum().item<int64_t>();
  if (places != soft.size(0)) {
    throw UserError(
        "token ids: {} {} placeholders (id {}) found, {} expected: as many as there are soft tokens", places,
        what, placeholder, soft.size(0));
  }
  embeds.index_put_({mask.to(embeds.device())}, soft.to(embeds.device()));
}

torch::Tensor Part(const torch::Tensor& soft, const torch::Tensor& prompt, int64_t from, int64_t to,
                   int64_t placeholder) {
  if (!soft.defined()) return {};
  const torch::Tensor mask = prompt.eq(placeholder);
  const int64_t before = mask.narrow(0, 0, from).sum().item<int64_t>();
  const int64_t here = mask.narrow(0, from, to - from).sum().item<int64_t>();
  return here > 0 ? soft.narrow(0, before, here) : torch::Tensor();
}

int64_t Bytes(const std::optional<EmbedderWeights>& w) {
  if (!w) return 0;
  return static_cast<int64_t>(w->embedding.nbytes() + w->hard_embedding_norm.nbytes() +
                              w->soft_embedding_norm.nbytes()) +
         w->embedding_projection.nbytes();
}

}  // namespace

SoftTokens SoftTokensOf(const SoftTokens& all, const torch::Tensor& prompt, int64_t from, int64_t to,
                        const SpecialTokens& special) {
  return {Part(all.image, prompt, from, to, special.image), Part(all.audio, prompt, from, to, special.audio)};
}

void CheckIds(const torch::Tensor& ids, const Gemma3nConfig& config) {
  if (ids.dim() != 2 || ids.scalar_type() != torch::kInt64 || !ids.device().is_cpu() || ids.numel() == 0) {
    throw RunError("token ids: expected a tensor [B, T] of int64 on the CPU that is not empty");
  }
  const torch::Tensor flat = ids.contiguous();
  const int64_t* id = flat.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const int64_t end = std::min(EndOfKind(id[i], config), config.text.vocab_size);
    if (id[i] >= 0 && id[i] < end) continue;
    throw UserError(
        "token ids: sequence {}, position {} is {}, expected 0 to {}; does the tokenizer belong to this "
        "checkpoint?",
        i / ids.size(1), i % ids.size(1), id[i], end - 1);
  }
}

InputEmbedder::InputEmbedder(Loader load_vision, Loader load_audio)
    : load_vision_(std::move(load_vision)), load_audio_(std::move(load_audio)) {}

torch::Tensor InputEmbedder::Embed(const torch::Tensor& ids, const TextModel& text,
                                   const Gemma3nConfig& config, const SoftTokens& soft) {
  torch::Tensor embeds = EmbedTokens(ids.to(text.weights.embed_tokens.values.device()), text);
  const SpecialTokens& special = config.special;
  torch::Tensor is_audio = ids.ge(AudioOffset(config));
  torch::Tensor is_vision = ids.ge(VisionOffset(config)).logical_and_(is_audio.logical_not());
  // Where soft tokens go, no hard token needs to be computed.
  if (soft.image.defined()) is_vision.logical_and_(ids.ne(special.image));
  if (soft.audio.defined()) is_audio.logical_and_(ids.ne(special.audio));
  if (is_vision.any().item<bool>()) {
    PutTokens(embeds, ids, is_vision, config.vision->vocab_offset, vision(), config.vision->rms_norm_eps);
  }
  if (is_audio.any().item<bool>()) {
    PutTokens(embeds, ids, is_audio, config.audio->vocab_offset, audio(), config.audio->rms_norm_eps);
  }
  PutSoftTokens(embeds, ids, special.image, soft.image, "image");
  PutSoftTokens(embeds, ids, special.audio, soft.audio, "audio");
  return embeds;
}

const EmbedderWeights& InputEmbedder::vision() {
  if (!vision_) vision_ = load_vision_();
  return *vision_;
}

const EmbedderWeights& InputEmbedder::audio() {
  if (!audio_) audio_ = load_audio_();
  return *audio_;
}

int64_t InputEmbedder::vision_bytes() const { return Bytes(vision_); }
int64_t InputEmbedder::audio_bytes() const { return Bytes(audio_); }

namespace {

torch::Tensor Project(const torch::Tensor& normed, const EmbedderWeights& w, double eps) {
  return RmsNorm(Linear(normed, w.embedding_projection), /*weight=*/{}, eps);
}

}  // namespace

torch::Tensor EmbedHardTokens(const torch::Tensor& entries, const EmbedderWeights& w, double eps) {
  return Project(RmsNorm(torch::embedding(w.embedding, entries), w.hard_embedding_norm, eps), w, eps);
}

torch::Tensor EmbedSoftTokens(const torch::Tensor& features, const EmbedderWeights& w, double eps) {
  return Project(RmsNorm(features, w.soft_embedding_norm, eps), w, eps);
}

}  // namespace plelab
