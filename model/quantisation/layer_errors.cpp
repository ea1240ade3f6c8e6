#include "model/quantisation/layer_errors.h"

#include <algorithm>
#include <cmath>

#include "model/text/altup.h"
#include "model/text/decoder_layer.h"

namespace plelab {
namespace {

double SumOfSquares(const torch::Tensor& x) { return x.to(torch::kFloat64).square().sum().item<double>(); }

double ErrorOf(const AltUpStreams& found, const AltUpStreams& exact) {
  double error = 0, size = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    error += SumOfSquares(found[i] - exact[i]);
    size += SumOfSquares(exact[i]);
  }
  return std::sqrt(error / std::max(size, 1e-300));
}

}  // namespace

std::vector<LayerError> CompareLayers(const TextModel& exact, const TextModel& other,
                                      const torch::Tensor& ids, const PleRows& rows,
                                      const std::function<void(int64_t)>& progress) {
  const at::NoGradGuard no_grad;
  const torch::Tensor embeds = EmbedTokens(ids, exact), own_embeds = EmbedTokens(ids, other);
  TextPass reference(exact, embeds, rows, nullptr, LogitsWanted::kAll);
  TextPass alone(other, embeds, rows, nullptr, LogitsWanted::kAll);
  TextPass through(other, own_embeds, rows, nullptr, LogitsWanted::kAll);
  AltUpStreams streams = AltUpExpand(embeds, exact.weights.altup_projections);
  AltUpStreams drifted = AltUpExpand(own_embeds, other.weights.altup_projections);
  std::vector<LayerError> errors;
  for (int64_t i = 0; i < std::ssize(exact.layers); ++i) {
    const AltUpStreams from_exact = DecoderLayer(streams, i, alone);
    drifted = DecoderLayer(drifted, i, through);
    streams = DecoderLayer(streams, i, reference);
    errors.push_back({ErrorOf(from_exact, streams), ErrorOf(drifted, streams)});
    progress(i + 1);
  }
  const auto logits = [](const TextModel& model, const AltUpStreams& of) {
    return AltUpStreams{HeadLogits(model, HeadInput(model, of))};
  };
  const AltUpStreams expected = logits(exact, streams);
  errors.push_back({ErrorOf(logits(other, streams), expected), ErrorOf(logits(other, drifted), expected)});
  return errors;
}

}  // namespace plelab
