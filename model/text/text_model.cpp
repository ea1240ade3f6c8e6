#include "model/text/text_model.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/ops/matmul.h"
#include "model/ops/ops.h"
#include "model/text/altup.h"
#include "model/text/decoder_layer.h"

namespace plelab {
namespace {

int64_t TokensWanted(LogitsWanted wanted, int64_t tokens) {
  switch (wanted) {
    case LogitsWanted::kAll:
      return tokens;
    case LogitsWanted::kLast:
      return 1;
    case LogitsWanted::kNone:
      return 0;
  }
  throw RunError("LogitsWanted {} is not known", static_cast<int>(wanted));
}

// Hidden states [B, n, hidden] of the tokens that the last layer processed; undefined when it processed none.
torch::Tensor HiddenOfPiece(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                            KvCache* kv, LogitsWanted wanted) {
  TextPass pass(model, embeds, rows, kv, wanted);
  AltUpStreams streams = AltUpExpand(embeds, model.weights.altup_projections);
  for (size_t i = 0; i < model.layers.size() && !streams.empty(); ++i) {
    streams = DecoderLayer(streams, static_cast<int64_t>(i), pass);
  }
  if (kv != nullptr) kv->Advance(pass.tokens());
  return streams.empty() ? torch::Tensor() : HeadInput(model, streams);
}

torch::Tensor ForwardPiece(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                           KvCache* kv, LogitsWanted wanted) {
  const torch::Tensor hidden = HiddenOfPiece(model, embeds, rows, kv, wanted);
  if (!hidden.defined() || wanted == LogitsWanted::kNone) return {};
  return HeadLogits(model, Last(hidden, 1, TokensWanted(wanted, embeds.size(1))));
}

}  // namespace

torch::Tensor HeadInput(const TextModel& model, const AltUpStreams& streams) {
  const torch::Tensor merged = AltUpMerge(streams, model.weights.altup_unembed_projections);
  return RmsNorm(merged, model.weights.norm, model.config.rms_norm_eps);
}

torch::Tensor HeadLogits(const TextModel& model, const torch::Tensor& hidden) {
  return Softcap(Linear(hidden, model.weights.head()), model.config.final_logit_softcapping);
}

torch::Tensor EmbedTokens(const torch::Tensor& ids, const TextModel& model) {
  // √hidden in full precision, whereas the reference rounds it to the weights' dtype.
  const double scale = std::sqrt(static_cast<double>(model.config.hidden_size));
  const LinearWeight& table = model.weights.embed_tokens;
  if (table.is_quantised()) return GatherRows(table, ids) * scale;
  return torch::embedding(table.values, ids, model.padding_idx).to(torch::kFloat32) * scale;
}

torch::Tensor TextHidden(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows) {
  if (model.training) ClampPredictionCoefs(model.weights, model.config);
  return HiddenOfPiece(model, embeds, rows, nullptr, LogitsWanted::kAll);
}

torch::Tensor TextForward(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                          KvCache* kv, LogitsWanted wanted) {
  if (model.training) ClampPredictionCoefs(model.weights, model.config);
  if (kv == nullptr) return ForwardPiece(model, embeds, rows, nullptr, wanted);

  const at::NoGradGuard no_grad;
  const int64_t tokens = embeds.size(1);
  kv->CheckCapacity(tokens);  // before the first piece is written
  std::vector<torch::Tensor> logits;
  for (int64_t from = 0; from < tokens; from += kv->chunk()) {
    const int64_t count = std::min(kv->chunk(), tokens - from);
    const bool last = from + count == tokens;
    const LogitsWanted here = wanted == LogitsWanted::kLast && !last ? LogitsWanted::kNone : wanted;
    logits.push_back(ForwardPiece(model, embeds.narrow(1, from, count), rows.Narrow(from, count), kv, here));
  }
  if (wanted != LogitsWanted::kAll || logits.size() == 1) return logits.back();
  return torch::cat(logits, 1);
}

TextPass::TextPass(const TextModel& model, const torch::Tensor& embeds, PleRows rows, KvCache* kv,
                   LogitsWanted wanted)
    : model_(model),
      embeds_(embeds.to(ComputeType(model.weights.per_layer_model_projection))),
      rows_(std::move(rows)),
      projections_(
          SplitByLayer(model.weights.per_layer_model_projection, model.config.hidden_size_per_layer_input)),
      kv_(kv),
      start_(kv != nullptr ? kv->length() : 0),
      tokens_(embeds.size(1)),
      last_donor_(LastDonor(model.layers)),
      wanted_after_donors_(TokensWanted(model.whole_prompts ? LogitsWanted::kAll : wanted, embeds.size(1))),
      full_(MakeRope(model.config, LayerType::kFull, start_, tokens_, embeds.device())),
      sliding_(MakeRope(model.config, LayerType::kSliding, start_, tokens_, embeds.device())),
      kept_(kv != nullptr ? 0 : model.layers.size()) {
  if (kv == nullptr) return;
  if (kv->batch() != embeds.size(0)) {
    throw RunError("KV cache: made for a batch of {}, this pass has {}", kv->batch(), embeds.size(0));
  }
  kv->CheckLayers(model.layers);
  kv->CheckRoom(tokens_);
}

RopeTable TextPass::Rope(LayerType type, int64_t count) const {
  return (type == LayerType::kFull ? full_ : sliding_).Narrow(tokens_ - count, count);
}

void TextPass::Keep(int64_t layer, KeysValues made) {
  if (kv_ != nullptr) {
    kv_->Write(layer, made);
  } else {
    // As a cache of the weights' dtype would.
    const auto dtype = ComputeType(model_.weights.layers[model_.layers[layer].source_layer].self_attn.k_proj);
    kept_[layer] = {made.keys.to(dtype), made.values.to(dtype), made.start};
  }
}

KeysValues TextPass::Seen(int64_t donor) const {
  return kv_ != nullptr ? kv_->Read(donor, start_, start_ + tokens_) : kept_[donor];
}

torch::Tensor TextPass::PleOf(int64_t layer, int64_t count) const {
  const int64_t slice = model_.layers[layer].ple_slice;
  if (slice == kNoPle) return {};
  const PleRows rows = count == tokens_ ? rows_ : rows_.Narrow(tokens_ - count, count);
  PerLayerTerms terms;
  const torch::Tensor input = PerLayerInput(Last(embeds_, 1, count), rows, slice, projections_[slice],
                                            model_.weights.per_layer_projection_norm, model_.config, &terms);
  if (model_.observer != nullptr && input.defined()) model_.observer->SeeInput(layer, terms);
  return input;
}

}  // namespace plelab
