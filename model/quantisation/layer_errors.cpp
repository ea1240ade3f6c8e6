#include "model/quantisation/layer_errors.h"

#include <algorithm>
#include <cmath>

#include "model/text/altup.h"
#include "model/text/decoder_layer.h"

namespace plelab {
namespace {

double SumOfSquares(const torch::Tensor& x) { return x.to(torch::kFloat64).square().sum().item<double>(); }

// Sums over as many tensors as are added.
class ErrorSum {
 public:
  void Add(const torch::Tensor& found, const torch::Tensor& exact) {
    error_ += SumOfSquares(found - exact);
    size_ += SumOfSquares(exact);
  }
  double value() const { return error_ == 0 ? 0 : std::sqrt(error_ / size_); }

 private:
  double error_ = 0, size_ = 0;
};

double ErrorOf(const AltUpStreams& found, const AltUpStreams& exact) {
  ErrorSum sum;
  for (size_t i = 0; i < exact.size(); ++i) sum.Add(found[i], exact[i]);
  return sum.value();
}

// Logits of so many tokens are compared at once: those of all of them may need more memory than the model.
constexpr int64_t kTokensOfLogits = 64;

// Of other's logits from `streams`, beside exact's from `expected`.
double LogitsError(const TextModel& other, const AltUpStreams& streams, const TextModel& exact,
                   const AltUpStreams& expected) {
  const torch::Tensor found = HeadInput(other, streams), wanted = HeadInput(exact, expected);
  ErrorSum sum;
  for (int64_t from = 0; from < wanted.size(1); from += kTokensOfLogits) {
    const int64_t count = std::min(kTokensOfLogits, wanted.size(1) - from);
    sum.Add(HeadLogits(other, found.narrow(1, from, count)),
            HeadLogits(exact, wanted.narrow(1, from, count)));
  }
  return sum.value();
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
    // What a layer that shares them gets is exact, too.
    if (MakesKeys(exact.layers, i)) alone.Keep(i, reference.Seen(i));
    errors.push_back({ErrorOf(from_exact, streams), ErrorOf(drifted, streams)});
    progress(i + 1);
  }
  errors.push_back(
      {LogitsError(other, streams, exact, streams), LogitsError(other, drifted, exact, streams)});
  return errors;
}

}  // namespace plelab
