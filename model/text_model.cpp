#include "model/text_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/altup.h"
#include "model/decoder_layer.h"
#include "model/io/error.h"
#include "model/ops.h"

namespace plelab {
namespace {

// Hidden states [B, T, hidden] of the tokens wanted, undefined where none is.
torch::Tensor HiddenOfPiece(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                            KvCache* kv, LogitsWanted wanted) {
  TextPass pass(model, embeds, rows, kv, wanted);
  AltUpStreams streams = AltUpExpand(embeds, model.weights.altup_projections);
  for (size_t i = 0; i < model.layers.size() && !streams.empty(); ++i) {
    streams = DecoderLayer(streams, static_cast<int64_t>(i), pass);
  }
  if (kv != nullptr) kv->Advance(pass.tokens());
  if (streams.empty()) return {};
  const torch::Tensor merged = AltUpMerge(streams, model.weights.altup_unembed_projections);
  return RmsNorm(merged, model.weights.norm, model.config.rms_norm_eps);
}

torch::Tensor ForwardPiece(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                           KvCache* kv, LogitsWanted wanted) {
  const torch::Tensor hidden = HiddenOfPiece(model, embeds, rows, kv, wanted);
  if (!hidden.defined()) return {};
  return Softcap(Linear(hidden, model.weights.embed_tokens), model.config.final_logit_softcapping);
}

}  // namespace

torch::Tensor EmbedTokens(const torch::Tensor& ids, const TextModel& model) {
  // √hidden in full precision; the reference rounds it to the weights' dtype.
  const double scale = std::sqrt(static_cast<double>(model.config.hidden_size));
  return torch::embedding(model.weights.embed_tokens.values, ids, model.padding_idx).to(torch::kFloat32) *
         scale;
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

}  // namespace plelab
