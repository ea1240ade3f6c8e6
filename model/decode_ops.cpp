#include "model/decode_ops.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/io/error.h"
#include "model/kernels/vector_math.h"
#include "model/matmul.h"

namespace plelab {
namespace {

constexpr float kMinSquare = 1e-5f;  // the reference's smallest square of a projected magnitude
constexpr size_t kMaxStreams = 8;    // what one Mix takes

// tanh(router(norm(x) / hidden)), [batch, n].
void RouterModalities(const Rows& x, const AltUpWeights& w, std::span<const float> router_norm,
                      const TextConfig& c, const AltUpScratch& scratch) {
  NormRows(x, router_norm, c.rms_norm_eps, scratch.normed);
  MatMulInto(w.modality_router, scratch.normed.in(), scratch.modalities.out());
  const float scale = 1.0f / static_cast<float>(x.size);
  for (int64_t i = 0; i < scratch.modalities.numel(); ++i) {
    scratch.modalities.data[i] = std::tanh(scratch.modalities.data[i] * scale);
  }
}

}  // namespace

std::vector<float> ToFloats(const torch::Tensor& vector) {
  if (!vector.defined()) return {};
  const torch::Tensor wide = vector.to(torch::kFloat32).contiguous();
  return {wide.const_data_ptr<float>(), wide.const_data_ptr<float>() + wide.numel()};
}

void NormRows(const Rows& x, std::span<const float> weight, double eps, const Rows& y) {
  const float* scale = weight.empty() ? nullptr : weight.data();
  for (int64_t i = 0; i < x.count; ++i) RmsNorm(x[i], scale, x.size, static_cast<float>(eps), y[i]);
}

void AddRows(const Rows& a, const Rows& b, const Rows& y) {
  const float* terms[] = {a.data, b.data};
  const float ones[] = {1, 1};
  Mix(terms, ones, 2, y.numel(), y.data);
}

void MatchMagnitude(const Rows& target, const Rows& x) {
  for (int64_t i = 0; i < x.count; ++i) {
    const float wanted = std::sqrt(MeanSquare(target[i], x.size));
    const float scale = wanted / std::sqrt(std::max(MeanSquare(x[i], x.size), kMinSquare));
    const float* row = x[i];
    Mix(&row, &scale, 1, x.size, x[i]);
  }
}

void RotateRows(const Rows& x, const float* cos, const float* sin) {
  const int64_t half = x.size / 2;
  for (int64_t i = 0; i < x.count; ++i) {
    float* first = x[i];
    float* second = first + half;
    for (int64_t k = 0; k < half; ++k) {
      const float a = first[k], b = second[k];
      first[k] = a * cos[k] - b * sin[k];
      second[k] = b * cos[k] + a * sin[k];
    }
  }
}

void PredictStreams(const Streams& streams, const AltUpWeights& w, std::span<const float> router_norm,
                    const TextConfig& c, const AltUpScratch& scratch, const Streams& predictions) {
  RouterModalities(streams[c.altup_active_idx], w, router_norm, c, scratch);
  MatMulInto(w.prediction_coefs, scratch.modalities.in(), scratch.coefs.out());
  const size_t n = streams.size();
  std::array<const float*, kMaxStreams> sources;
  for (int64_t b = 0; b < scratch.coefs.count; ++b) {
    for (size_t from = 0; from < n; ++from) sources[from] = streams[from][b];
    for (size_t to = 0; to < n; ++to) {
      float* row = scratch.coefs[b] + to * n;  // coefficients from every stream to this one
      row[to] += 1;                            // the reference adds the original input afterwards
      Mix(sources.data(), row, static_cast<int64_t>(n), streams[to].size, predictions[to][b]);
    }
  }
}

void CorrectStreams(const Streams& predictions, const Rows& activated, const AltUpWeights& w,
                    std::span<const float> router_norm, const TextConfig& c, const AltUpScratch& scratch,
                    const Streams& corrected) {
  RouterModalities(activated, w, router_norm, c, scratch);
  const size_t n = predictions.size();
  const Rows coefs{scratch.coefs.data, activated.count, static_cast<int64_t>(n)};
  MatMulInto(w.correction_coefs, scratch.modalities.in(), coefs.out());
  for (int64_t b = 0; b < activated.count; ++b) {
    const float* difference[] = {activated[b], predictions[c.altup_active_idx][b]};
    const float signs[] = {1, -1};
    Mix(difference, signs, 2, activated.size, activated[b]);
    for (size_t to = 0; to < n; ++to) {
      const float* terms[] = {predictions[to][b], activated[b]};
      const float weights[] = {1, coefs[b][to] + 1};
      Mix(terms, weights, 2, activated.size, corrected[to][b]);
    }
  }
}

}  // namespace plelab
