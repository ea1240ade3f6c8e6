#include "model/text_pass.h"

#include <utility>

#include "model/io/error.h"
#include "model/ops.h"

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

}  // namespace

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
      wanted_after_donors_(TokensWanted(wanted, embeds.size(1))),
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
    kept_[layer] = std::move(made);
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
